/** Numbers, times and plurals in the reader's form; one set for each language. */

export type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

export interface Formats {
  /** 1,284 */
  readonly count: (value: number) => string;
  /** The form for *value* by the rules of the language. */
  readonly plural: (value: number, forms: PluralForms) => string;
  /** The ordinal form for *value*, where a language has one. */
  readonly ordinal: (value: number, forms: PluralForms) => string;
  /** Ann, Ben and Cara */
  readonly list: (items: readonly string[]) => string;
  /** 1 hour and 5 minutes; whole minutes, at least one. */
  readonly duration: (milliseconds: number) => string;
  /** 12 seconds; whole ones, at least one. */
  readonly seconds: (milliseconds: number) => string;
  /** 42:10, or 1:02:10 */
  readonly elapsed: (milliseconds: number) => string;
  /** 18:30 */
  readonly timeOfDay: (at: Date) => string;
  /** Friday 21 November, 18:30 */
  readonly dayAndTime: (at: Date) => string;
  /** in 25 min, today, tomorrow, Friday 21 November */
  readonly nearness: (at: Date, now: Date) => string;
  /** Central European Time */
  readonly zone: () => string;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Everything that depends on *locale* (a BCP 47 tag), in the zone of the machine. */
export function formatsFor(locale: string): Formats {
  const number = new Intl.NumberFormat(locale, { useGrouping: "always" });
  const cardinal = new Intl.PluralRules(locale);
  const ordinals = new Intl.PluralRules(locale, { type: "ordinal" });
  const and = new Intl.ListFormat(locale, { type: "conjunction" });
  const time = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
  const dayAndTime = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });
  const near = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  const unit = (name: "hour" | "minute" | "second", value: number): string =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "long" }).format(value);

  return {
    count: (value) => number.format(value),
    plural: (value, forms) => forms[cardinal.select(value)] ?? forms.other,
    ordinal: (value, forms) => forms[ordinals.select(value)] ?? forms.other,
    list: (items) => and.format(items),
    duration(milliseconds) {
      const minutes = Math.max(1, Math.floor(milliseconds / MINUTE));
      const hours = Math.floor(minutes / 60);
      if (hours === 0) return unit("minute", minutes);
      return minutes % 60 === 0 ? unit("hour", hours) : and.format([unit("hour", hours), unit("minute", minutes % 60)]);
    },
    seconds: (milliseconds) => unit("second", Math.max(1, Math.ceil(milliseconds / 1000))),
    elapsed(milliseconds) {
      const seconds = Math.max(0, Math.floor(milliseconds / 1000));
      const two = (value: number): string => String(value).padStart(2, "0");
      const hours = Math.floor(seconds / 3600);
      const minutes = Math.floor((seconds % 3600) / 60);
      return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
    },
    timeOfDay: (at) => time.format(at),
    dayAndTime: (at) => dayAndTime.format(at),
    nearness(at, now) {
      const ahead = at.getTime() - now.getTime();
      if (Math.abs(ahead) < HOUR) return near.format(Math.round(ahead / MINUTE), "minute");
      const days = daysBetween(now, at);
      return Math.abs(days) <= 1 ? near.format(days, "day") : day.format(at);
    },
    zone: () => zoneName(locale),
  };
}

function daysBetween(from: Date, to: Date): number {
  const midnight = (at: Date): number => Date.UTC(at.getFullYear(), at.getMonth(), at.getDate());
  return Math.round((midnight(to) - midnight(from)) / (24 * HOUR));
}

function zoneName(locale: string): string {
  const parts = new Intl.DateTimeFormat(locale, { timeZoneName: "longGeneric" }).formatToParts(new Date());
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "UTC";
}
