import { Cell, type Listening, type Memory } from "../model/index.js";

const EVEN = "even_loudness";

/** How the listener wants it, remembered on this device. */
export class ListeningChoices implements Listening {
  readonly even: Cell<boolean>;

  constructor(
    private readonly memory: Memory,
    /** Whether a page may set how loud it plays; phones that leave that to their keys do not let it. */
    readonly canSetVolume: boolean,
  ) {
    this.even = new Cell(memory.recall(EVEN) !== "off");
  }

  setEven(on: boolean): void {
    this.memory.keep(EVEN, on ? "on" : "off");
    this.even.set(on);
  }
}

export function canSetVolume(): boolean {
  const element = new Audio();
  element.volume = 0.5;
  return element.volume === 0.5;
}
