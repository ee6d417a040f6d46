/** Undo whatever was set up; twice does no harm. */
export type Stop = () => void;

/** A value that can be watched; `subscribe` calls at once and then at every change, as Svelte's `$store` asks. */
export interface Readable<T> {
  readonly value: T;
  subscribe(run: (value: T) => void): Stop;
}

/** A value that its owner changes. */
export class Cell<T> implements Readable<T> {
  #value: T;
  readonly #runs = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  /** Setting an equal value tells nobody. */
  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const run of [...this.#runs]) run(value);
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }

  subscribe(run: (value: T) => void): Stop {
    const own = (value: T): void => run(value);
    this.#runs.add(own);
    run(this.#value);
    return () => void this.#runs.delete(own);
  }
}

/** Things that happen, told once to whoever listens just then. */
export class Emitter<T> {
  readonly #listeners = new Set<(happened: T) => void>();

  on(listener: (happened: T) => void): Stop {
    const own = (happened: T): void => listener(happened);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  emit(happened: T): void {
    for (const listener of [...this.#listeners]) listener(happened);
  }
}

/** The listening side of an Emitter. */
export type Happenings<T> = Pick<Emitter<T>, "on">;

/** Watch *source* from its next change on; unlike `subscribe`, the present value is not told. */
export function changesOf<T>(source: Readable<T>, run: (value: T) => void): Stop {
  let first = true;
  return source.subscribe((value) => {
    if (first) first = false;
    else run(value);
  });
}

/** What is to be undone together, last first. */
export class Disposables {
  #stops: Stop[] = [];

  add(stop: Stop): void {
    this.#stops.push(stop);
  }

  dispose(): void {
    const stops = this.#stops.reverse();
    this.#stops = [];
    for (const stop of stops) stop();
  }
}
