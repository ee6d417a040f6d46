import { Cell, Emitter, type Network, type NetworkChange } from "../model/index.js";

/** Where the browser tells of the network; Chromium alone tells of its kind. */
export interface NetworkSources {
  readonly window: Pick<Window, "addEventListener">;
  readonly document: Pick<Document, "addEventListener" | "visibilityState">;
  readonly navigator: { readonly onLine: boolean };
  readonly connection: { readonly type?: string; addEventListener(type: "change", listener: () => void): void } | null;
}

/** What may have happened to the network, told once per change. */
export class BrowserNetwork implements Network {
  readonly online: Cell<boolean>;
  readonly visible: Cell<boolean>;
  readonly changed = new Emitter<NetworkChange>();
  #kind: string | undefined;

  constructor({ window, document, navigator, connection }: NetworkSources) {
    this.online = new Cell(navigator.onLine);
    this.visible = new Cell(document.visibilityState === "visible");
    this.#kind = connection?.type;
    window.addEventListener("offline", () => this.online.set(false));
    window.addEventListener("online", () => {
      this.online.set(true);
      this.changed.emit("online");
    });
    document.addEventListener("visibilitychange", () => {
      this.visible.set(document.visibilityState === "visible");
      if (this.visible.value) this.changed.emit("visible");
    });
    connection?.addEventListener("change", () => {
      // It also tells of every new estimate of speed, which changes nothing for us.
      if (connection.type === this.#kind) return;
      this.#kind = connection.type;
      if (this.online.value) this.changed.emit("route");
    });
  }
}

export function browserNetwork(): BrowserNetwork {
  const { connection } = navigator as { readonly connection?: NetworkSources["connection"] };
  return new BrowserNetwork({ window, document, navigator, connection: connection ?? null });
}
