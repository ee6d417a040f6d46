import { Cell, type Listening, type Memory } from "../model/index.js";

const EVEN = "even_loudness";
const PLACED = "room_in_stereo";

/** How the listener wants it, remembered on this device. */
export class ListeningChoices implements Listening {
  readonly even: Cell<boolean>;
  readonly placed: Cell<boolean>;

  constructor(
    private readonly memory: Memory,
    readonly canSetVolume: boolean,
  ) {
    this.even = new Cell(memory.recall(EVEN) !== "off");
    this.placed = new Cell(memory.recall(PLACED) === "on");
  }

  setEven(on: boolean): void {
    this.#keep(EVEN, this.even, on);
  }

  setPlaced(on: boolean): void {
    this.#keep(PLACED, this.placed, on);
  }

  #keep(key: string, choice: Cell<boolean>, on: boolean): void {
    this.memory.keep(key, on ? "on" : "off");
    choice.set(on);
  }
}

/** Whether a page may set how loud it plays; an iPhone leaves that to its keys. */
export function canSetVolume(): boolean {
  const element = new Audio();
  element.volume = 0.5;
  return element.volume === 0.5;
}
