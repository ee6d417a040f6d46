import { Cell } from "../model/index.js";

export type InstallState = "unavailable" | "offered" | "by_hand" | "installed";

/** Chromium's offer to install, which it makes when it likes. */
interface InstallOffer extends Event {
  prompt(): Promise<unknown>;
}

/** Whether the app can be put among the device's own, and how. */
export class Installing {
  readonly state: Cell<InstallState>;
  #offer: InstallOffer | null = null;

  constructor(window: Pick<Window, "addEventListener">, circumstances: { readonly installed: boolean; readonly byHand: boolean }) {
    this.state = new Cell<InstallState>(circumstances.installed ? "installed" : circumstances.byHand ? "by_hand" : "unavailable");
    window.addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      this.#offer = event as InstallOffer;
      this.state.set("offered");
    });
    window.addEventListener("appinstalled", () => this.state.set("installed"));
  }

  /** Show the browser's own question. */
  async ask(): Promise<void> {
    const offer = this.#offer;
    this.#offer = null;
    if (offer === null) return;
    this.state.set("unavailable");
    await offer.prompt();
  }
}

export function browserInstalling(): Installing {
  const alone = matchMedia("(display-mode: standalone)").matches || (navigator as { standalone?: boolean }).standalone === true;
  return new Installing(window, { installed: alone, byHand: isApplePhone(navigator) && window.isSecureContext });
}

/** iPads say that they are Macs; no Mac has a touch screen. */
export function isApplePhone({ userAgent, maxTouchPoints }: Pick<Navigator, "userAgent" | "maxTouchPoints">): boolean {
  return /iPhone|iPad|iPod/.test(userAgent) || (userAgent.includes("Macintosh") && maxTouchPoints > 1);
}
