/** The language of the page: chosen by the browser, changed by the reader, remembered. */

import { formatsFor, type Formats } from "./formats";
import type { MicRefusal } from "../model/ports.js";
import type { Catalogue } from "./en";
import { isRefusalCode } from "./refusals";

export const LANGUAGES = { en: "English", it: "Italiano" } as const;
export type LanguageTag = keyof typeof LANGUAGES;

/** `microphone_denied` and its like. */
const MICROPHONE = /^microphone_(\w+)$/u;
export const LANGUAGE_CHOICES: readonly { readonly value: string; readonly label: string }[] = Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }));

const REMEMBERED = "arengo.language";

class Language {
  #catalogue: Catalogue | undefined = $state.raw();
  #formats: Formats = $state.raw(formatsFor("en"));

  /** Every sentence in the reader's language; loaded before the first page is drawn. */
  get t(): Catalogue {
    if (this.#catalogue === undefined) throw new Error("the language is loaded before the app starts");
    return this.#catalogue;
  }

  /** Numbers and times in the reader's form. */
  get f(): Formats {
    return this.#formats;
  }

  get tag(): LanguageTag {
    return this.t.tag as LanguageTag;
  }

  /** What to say to somebody whose wish was refused with *code*; a newer server may know more codes than this page. */
  refusal(code: string): string {
    const microphone = MICROPHONE.exec(code)?.[1];
    if (microphone !== undefined && Object.hasOwn(this.t.microphone.why, microphone)) return this.t.microphone.why[microphone as MicRefusal];
    return isRefusalCode(code) ? this.t.refusals[code] : this.t.trouble.unknown;
  }

  /** Load *tag* and show it; remembered when the reader chose it. */
  async use(tag: LanguageTag, remember = false): Promise<void> {
    const formats = formatsFor(regional(tag));
    this.#catalogue = tag === "it" ? (await import("./it")).italian(formats) : (await import("./en")).english(formats);
    this.#formats = formats;
    document.documentElement.lang = tag;
    if (remember) write(tag);
  }
}

export const language = new Language();

/** What the reader chose before, else the first language of the browser that we have, else English. */
export function preferredLanguage(): LanguageTag {
  const wanted = [read(), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.find(isLanguage) ?? "en";
}

export function isLanguage(tag: string | null | undefined): tag is LanguageTag {
  return tag !== null && tag !== undefined && Object.hasOwn(LANGUAGES, tag);
}

/** The reader's own variant of a language, for dates and numbers: en-GB rather than en. */
function regional(tag: LanguageTag): string {
  return navigator.languages.find((one) => one.slice(0, 2) === tag) ?? tag;
}

function read(): string | null {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null; // storage can be closed by the browser's settings
  }
}

function write(tag: LanguageTag): void {
  try {
    localStorage.setItem(REMEMBERED, tag);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}
