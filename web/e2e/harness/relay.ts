/**
 * A seeded relay for UDP: what arrives at it goes on to the server after a delay of its own for each packet, and
 * back the same way, so that packets come early, late and in another order. The same seed, the same delays.
 */
import { type Socket, createSocket } from "node:dgram";

/** Numbers between 0 and 1 from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface RelayOptions {
  readonly to: { readonly address: string; readonly port: number };
  readonly jitterMs: number;
  readonly seed: number;
}

export class Relay {
  /** How many packets went each way. */
  readonly passed = { forth: 0, back: 0 };
  private readonly beyond = new Map<string, Socket>();
  private readonly timers = new Set<NodeJS.Timeout>();

  private constructor(
    private readonly near: Socket,
    private readonly options: RelayOptions,
    private readonly chance: () => number,
  ) {}

  static async open(options: RelayOptions): Promise<Relay> {
    const near = createSocket("udp4");
    await new Promise<void>((done) => near.bind(0, "0.0.0.0", done));
    const relay = new Relay(near, options, seeded(options.seed));
    near.on("message", (packet, from) => {
      const far = relay.farSide(from.address, from.port);
      relay.later(() => {
        relay.passed.forth += 1;
        far.send(packet, options.to.port, options.to.address);
      });
    });
    return relay;
  }

  get port(): number {
    return this.near.address().port;
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.near.close();
    for (const socket of this.beyond.values()) socket.close();
  }

  /** The server sees each client of the relay at an address of its own. */
  private farSide(address: string, port: number): Socket {
    const key = `${address}:${port}`;
    let socket = this.beyond.get(key);
    if (socket === undefined) {
      socket = createSocket("udp4");
      socket.on("message", (packet) =>
        this.later(() => {
          this.passed.back += 1;
          this.near.send(packet, port, address);
        }),
      );
      this.beyond.set(key, socket);
    }
    return socket;
  }

  private later(act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, this.chance() * this.options.jitterMs);
    this.timers.add(timer);
  }
}
