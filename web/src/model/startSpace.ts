import type { NewSpace, SpaceFacts } from "../protocol/index.js";
import { failed, problem, type Outcome } from "./outcome.js";
import type { Api } from "./ports.js";
import { Cell } from "./store.js";
import type { Clock } from "./time.js";
import type { StartSpace, StartSpaceFaults, StartSpaceForm, StartSpaceState } from "./views/startSpace.js";

/** As the server's rules (src/arengo/domain/text.py). */
export const TITLE_MOST = 100;
export const TOPICS_MOST = 3;
export const TOPIC_MOST = 30;

/** Opens or schedules a space from what was typed. */
export class StartSpaceSheet implements StartSpace {
  readonly state: Cell<StartSpaceState>;

  constructor(
    private readonly api: Pick<Api, "openSpace">,
    private readonly clock: Clock,
    lang: string | null,
  ) {
    const form: StartSpaceForm = { title: "", topics: "", visibility: "public", whoMaySpeak: "invited", guestsAllowed: true, at: null, lang };
    this.state = new Cell<StartSpaceState>({ form, faults: faultsOf(form, clock.now()), sending: false, problem: null });
  }

  change(part: Partial<StartSpaceForm>): void {
    this.state.update((state) => {
      const form = { ...state.form, ...part };
      return { ...state, form, faults: faultsOf(form, this.clock.now()), problem: null };
    });
  }

  async submit(): Promise<Outcome<SpaceFacts>> {
    const { form } = this.state.value;
    const faults = faultsOf(form, this.clock.now());
    this.state.update((state) => ({ ...state, faults }));
    const [fault] = Object.values(faults);
    if (fault !== undefined) return failed(problem(fault));
    this.state.update((state) => ({ ...state, sending: true, problem: null }));
    const answer = await this.api.openSpace(asked(form));
    this.state.update((state) => ({ ...state, sending: false, problem: answer.ok ? null : answer.problem }));
    return answer;
  }
}

/** Topics as typed, trimmed, each once. */
export function topicsOf(typed: string): readonly string[] {
  return [...new Set(typed.split(",").map((topic) => topic.trim().replace(/^#/, "")))].filter((topic) => topic !== "");
}

function asked(form: StartSpaceForm): NewSpace {
  const when = form.at === null ? { start: true } : { scheduled_start: new Date(form.at).toISOString() };
  return {
    title: form.title.trim(),
    topics: topicsOf(form.topics),
    visibility: form.visibility,
    who_may_speak: form.whoMaySpeak,
    guests_allowed: form.guestsAllowed,
    ...(form.lang === null ? {} : { lang: form.lang }),
    ...when,
  };
}

function faultsOf(form: StartSpaceForm, now: number): StartSpaceFaults {
  const faults: { -readonly [field in keyof StartSpaceFaults]: StartSpaceFaults[field] } = {};
  const title = [...form.title.trim()].length;
  const topics = topicsOf(form.topics);
  if (title === 0) faults.title = "title_empty";
  else if (title > TITLE_MOST) faults.title = "title_too_long";
  if (topics.length > TOPICS_MOST) faults.topics = "too_many_topics";
  else if (topics.some((topic) => [...topic].length > TOPIC_MOST)) faults.topics = "topic_too_long";
  if (form.at !== null && form.at <= now) faults.at = "in_the_past";
  return faults;
}
