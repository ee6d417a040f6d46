import type { SpaceFacts, Visibility, WhoMaySpeak } from "../../protocol/index.js";
import type { Outcome, Problem } from "../outcome.js";
import type { Readable } from "../store.js";

export interface StartSpaceForm {
  readonly title: string;
  /** As typed, separated by commas. */
  readonly topics: string;
  readonly visibility: Visibility;
  readonly whoMaySpeak: Exclude<WhoMaySpeak, "follows">;
  readonly guestsAllowed: boolean;
  /** Null: now. Else milliseconds since 1970. */
  readonly at: number | null;
  readonly lang: string | null;
}

export interface StartSpaceFaults {
  readonly title?: "title_empty" | "title_too_long";
  readonly topics?: "too_many_topics" | "topic_too_long";
  readonly at?: "in_the_past";
}

export interface StartSpaceState {
  readonly form: StartSpaceForm;
  /** Empty when it may be sent. */
  readonly faults: StartSpaceFaults;
  readonly sending: boolean;
  /** Why the server refused the last try. */
  readonly problem: Problem | null;
}

/** The sheet that opens or schedules a space. */
export interface StartSpace {
  readonly state: Readable<StartSpaceState>;
  change(part: Partial<StartSpaceForm>): void;
  /** Open it, live at once or scheduled; refused locally while there are faults. */
  submit(): Promise<Outcome<SpaceFacts>>;
}
