import type { Hand, SpaceChange } from "../protocol/index.js";
import type { Outcome } from "./outcome.js";
import type { Api } from "./ports.js";
import { Cell, Disposables } from "./store.js";
import { every, type Scheduler } from "./time.js";
import type { HostPanel, HostPanelState } from "./views/hostPanel.js";
import type { Stay } from "./views/stay.js";

/** Talk time is read again this often; it is a help, not a stopwatch. */
const RECKON_EVERY_MS = 2_000;
const SEARCH_FROM_LETTERS = 2;

type About = NonNullable<HostPanelState["problem"]>["about"];
export type HostApi = Pick<Api, "changeSpace" | "findAccounts" | "permits" | "permit" | "withdrawPermit">;

/** What the host needs, drawn from the stay. */
export class HostDesk implements HostPanel {
  readonly state: Cell<HostPanelState>;
  readonly #disposables = new Disposables();
  #searches = 0;

  constructor(
    private readonly stay: Stay,
    private readonly api: HostApi,
    scheduler: Scheduler,
  ) {
    const nothing: HostPanelState = {
      requests: [],
      order: "oldest",
      invited: [],
      speakers: [],
      places: { taken: 0, all: 0 },
      asking: null,
      permits: null,
      found: [],
      problem: null,
    };
    this.state = new Cell(nothing);
    this.#disposables.add(stay.view.subscribe(() => this.#reckon()));
    this.#disposables.add(every(scheduler, RECKON_EVERY_MS, () => this.#reckon()));
  }

  setOrder(order: HostPanelState["order"]): void {
    this.#amend({ order });
    this.#reckon();
  }

  async invite(personId: string): Promise<void> {
    this.#tell("request", await this.stay.act("invite", personId));
  }

  async dismissHand(personId: string): Promise<void> {
    this.#tell("request", await this.stay.act("lower_hand", personId));
  }

  async changeSettings(change: SpaceChange): Promise<Outcome> {
    const answer = await this.api.changeSpace(this.stay.spaceId, change);
    this.#tell("settings", answer);
    return answer.ok ? { ok: true, value: undefined } : answer;
  }

  ask(what: "mute_all" | "end"): void {
    this.#amend({ asking: what });
  }

  cancel(): void {
    this.#amend({ asking: null });
  }

  async confirm(): Promise<void> {
    const { asking } = this.state.value;
    this.cancel();
    if (asking === "mute_all") this.#tell("speaker", await this.stay.muteAll());
    if (asking === "end") this.#tell("end", await this.stay.end());
  }

  async loadPermits(): Promise<void> {
    const answer = await this.api.permits(this.stay.spaceId);
    this.#tell("permits", answer);
    if (answer.ok) this.#amend({ permits: answer.value });
  }

  async findAccounts(prefix: string): Promise<void> {
    this.#searches += 1;
    const search = this.#searches;
    const sought = prefix.trim();
    if ([...sought].length < SEARCH_FROM_LETTERS) return this.#amend({ found: [] });
    const answer = await this.api.findAccounts(sought);
    if (search === this.#searches && answer.ok) this.#amend({ found: answer.value });
  }

  async permit(accountId: string): Promise<void> {
    this.#tell("permits", await this.api.permit(this.stay.spaceId, accountId)) && (await this.loadPermits());
  }

  async withdrawPermit(accountId: string): Promise<void> {
    this.#tell("permits", await this.api.withdrawPermit(this.stay.spaceId, accountId)) && (await this.loadPermits());
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #reckon(): void {
    const { stage, hands, invited, space } = this.stay.view.value;
    const speakers = stage.map((entry) => ({ entry, talkedSeconds: Math.round(this.stay.talkedSeconds(entry.voice)) }));
    this.#amend({
      requests: this.state.value.order === "oldest" ? hands : leastSpokenFirst(hands, this.#spoken),
      invited,
      speakers,
      places: { taken: stage.length, all: space?.capacity ?? 0 },
    });
    for (const { entry, talkedSeconds } of speakers) this.#spoken.set(entry.person.id, talkedSeconds);
  }

  /** By person, also of those who have left the stage since. */
  readonly #spoken = new Map<string, number>();

  #tell(about: About, outcome: Outcome<unknown>): boolean {
    this.#amend({ problem: outcome.ok ? null : { about, problem: outcome.problem } });
    return outcome.ok;
  }

  #amend(part: Partial<HostPanelState>): void {
    this.state.update((state) => ({ ...state, ...part }));
  }
}

/** The sort is stable: equals stay oldest first. */
function leastSpokenFirst(hands: readonly Hand[], spoken: ReadonlyMap<string, number>): readonly Hand[] {
  const of = (hand: Hand): number => spoken.get(hand.person.id) ?? 0;
  return [...hands].sort((one, other) => of(one) - of(other));
}
