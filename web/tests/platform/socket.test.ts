import { describe, expect, it } from "vitest";
import type { ChannelLine } from "../../src/model/index.js";
import { webSocketDialer } from "../../src/platform/socket.js";

class FakeSocket extends EventTarget {
  readonly OPEN = 1;
  readyState = 1;
  readonly sent: string[] = [];

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.readyState = 3;
  }

  happens(name: string, detail: object = {}): void {
    this.dispatchEvent(Object.assign(new Event(name), detail));
  }
}

function dialled(origin = "https://arengo.example"): { socket: FakeSocket; line: ChannelLine; told: string[]; urls: string[] } {
  const socket = new FakeSocket();
  const told: string[] = [];
  const urls: string[] = [];
  const dialer = webSocketDialer(origin, (url) => {
    urls.push(url);
    return socket as unknown as WebSocket;
  });
  const line = dialer.dial("1DXxyRYNejbKM", {
    opened: () => told.push("opened"),
    heard: (text) => told.push(text),
    closed: (code, reason) => told.push(`${code} ${reason}`),
  });
  return { socket, line, told, urls };
}

describe("a line to the channel", () => {
  it("goes to the page's own server, as secure as the page", () => {
    expect(dialled().urls).toEqual(["wss://arengo.example/api/v1/spaces/1DXxyRYNejbKM/channel"]);
    expect(dialled("http://10.0.0.2:8000").urls).toEqual(["ws://10.0.0.2:8000/api/v1/spaces/1DXxyRYNejbKM/channel"]);
  });

  it("tells what it hears, text alone", () => {
    const { socket, told } = dialled();
    socket.happens("open");
    socket.happens("message", { data: "hello" });
    socket.happens("message", { data: new ArrayBuffer(2) });
    expect(told).toEqual(["opened", "hello"]);
  });

  it("tells its end once, with what the server said", () => {
    const { socket, told } = dialled();
    socket.happens("close", { code: 4403, reason: "removed" });
    socket.happens("error");
    expect(told).toEqual(["4403 removed"]);
  });

  it("says so when it can send no more", () => {
    const { socket, line } = dialled();
    expect(line.send("a")).toBe(true);
    socket.close();
    expect(line.send("b")).toBe(false);
    expect(socket.sent).toEqual(["a"]);
  });
});
