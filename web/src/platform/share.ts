/** How a link reached the person; `shown`: show it to be copied by hand. */
export type Shared = "shared" | "copied" | "shown" | "dismissed";

export interface ShareParts {
  readonly share: ((data: { title: string; url: string }) => Promise<void>) | null;
  readonly copy: ((text: string) => Promise<void>) | null;
  /** A share sheet is what people expect on a phone; at a desk a copied link serves better. */
  readonly prefersSheet: boolean;
}

/** Share a link by the best means that this browser has on this page. */
export async function shareLink({ title, url }: { readonly title: string; readonly url: string }, parts: ShareParts): Promise<Shared> {
  if (parts.prefersSheet && parts.share !== null) {
    try {
      await parts.share({ title, url });
      return "shared";
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return "dismissed";
    }
  }
  if (parts.copy !== null) {
    try {
      await parts.copy(url);
      return "copied";
    } catch {
      // Not allowed just now: the person copies by hand.
    }
  }
  return "shown";
}

/** Pages that are not https have neither sheet nor clipboard. */
export function browserShare(): ShareParts {
  const here = navigator as { readonly share?: Navigator["share"]; readonly clipboard?: Clipboard };
  const { clipboard } = here;
  return {
    share: here.share === undefined ? null : (data) => navigator.share(data),
    copy: clipboard === undefined ? null : (text) => clipboard.writeText(text),
    prefersSheet: matchMedia("(pointer: coarse)").matches,
  };
}
