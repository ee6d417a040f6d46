import type { ChannelDialer } from "../model/index.js";

/** Where no close frame was heard: the line was cut. */
const CUT = 1006;

/** Opens WebSockets on the page's own server; *origin* such as `https://arengo.example`. */
export function webSocketDialer(origin: string, open: (url: string) => WebSocket = (url) => new WebSocket(url)): ChannelDialer {
  return {
    dial(spaceId, listener) {
      const socket = open(`${origin.replace(/^http/, "ws")}/api/v1/spaces/${encodeURIComponent(spaceId)}/channel`);
      let told = false;
      const closed = (code: number, reason: string): void => {
        if (told) return;
        told = true;
        listener.closed(code, reason);
      };
      socket.addEventListener("open", () => listener.opened());
      socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => void (typeof data === "string" && listener.heard(data)));
      socket.addEventListener("close", ({ code, reason }) => closed(code, reason));
      socket.addEventListener("error", () => closed(CUT, ""));
      return {
        send(text) {
          if (socket.readyState !== socket.OPEN) return false;
          socket.send(text);
          return true;
        },
        close(code) {
          socket.close(code);
        },
      };
    },
  };
}
