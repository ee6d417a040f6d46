/**
 * A network of its own for a browser: a namespace that reaches this machine by one cable, on which packets can be
 * dropped or sent another way. Needs root, `ip` (iproute2) and `nft` (nftables).
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

const IP = "/usr/sbin/ip";
const NFT = "/usr/sbin/nft";

function sh(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

export class Network {
  private constructor(
    readonly name: string,
    /** This machine, as seen from the namespace. */
    readonly here: string,
    readonly there: string,
  ) {}

  /** Lay the cable. *number* keeps namespaces of one run apart; 0 to 250. */
  static lay(number: number): Network {
    if (process.getuid?.() !== 0) throw new Error("this test drops packets in a network namespace and must be run as root");
    for (const [program, debian] of [[IP, "iproute2"], [NFT, "nftables"]] as const) {
      if (!existsSync(program)) throw new Error(`${program} is missing: apt-get install ${debian}`);
    }
    const network = new Network(`arengo-e2e-${number}`, `10.213.${number}.1`, `10.213.${number}.2`);
    network.remove();
    const [near, far] = [`are2e${number}`, `are2e${number}p`];
    sh(IP, "netns", "add", network.name);
    sh(IP, "link", "add", near, "type", "veth", "peer", "name", far, "netns", network.name);
    sh(IP, "addr", "add", `${network.here}/24`, "dev", near);
    sh(IP, "link", "set", near, "up");
    network.inside(IP, "addr", "add", `${network.there}/24`, "dev", far);
    network.inside(IP, "link", "set", far, "up");
    network.inside(IP, "link", "set", "lo", "up");
    network.inside(IP, "route", "add", "default", "via", network.here);
    return network;
  }

  /** Run a program inside. */
  inside(program: string, ...args: string[]): string {
    return sh(IP, "netns", "exec", this.name, program, ...args);
  }

  /** Nothing goes by UDP any more, in either direction. */
  dropUdp(): void {
    this.rules(
      "add chain inet e2e in { type filter hook input priority 0; }",
      "add chain inet e2e out { type filter hook output priority 0; }",
      "add rule inet e2e in meta l4proto udp counter drop",
      "add rule inet e2e out meta l4proto udp counter drop",
    );
  }

  /** Lose that share of the packets of the sound, at random, on their way to the browser. */
  loseSound(percent: number, mediaPort: number): void {
    this.rules(
      "add chain inet e2e in { type filter hook input priority 0; }",
      `add rule inet e2e in udp sport ${mediaPort} numgen random mod 100 < ${percent} counter drop`,
    );
  }

  /** Send the packets of the sound to another port of this machine, unseen by the browser. */
  divertSound(mediaPort: number, to: number): void {
    this.rules(
      "add chain inet e2e out { type nat hook output priority -100; }",
      `add rule inet e2e out ip protocol udp udp dport ${mediaPort} dnat ip to ${this.here}:${to}`,
    );
  }

  /** Packets that the rules have counted. */
  dropped(): number {
    const listed = this.inside(NFT, "list", "table", "inet", "e2e");
    return [...listed.matchAll(/counter packets (\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
  }

  /** Take all rules away again. */
  heal(): void {
    this.inside(NFT, "flush", "ruleset");
  }

  remove(): void {
    try {
      sh(IP, "netns", "del", this.name);
    } catch {
      // It was not there.
    }
    try {
      sh(IP, "link", "del", this.name.replace("arengo-e2e-", "are2e"));
    } catch {
      // It goes with its other end.
    }
  }

  private rules(...rules: string[]): void {
    this.heal();
    for (const rule of ["add table inet e2e", ...rules]) this.inside(NFT, ...rule.split(" "));
  }
}
