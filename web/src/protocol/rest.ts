import type { Audience, OnStage, Person, SpaceFacts } from "./messages.js";
import type { Facts, Visibility, WhoMaySpeak } from "./nouns.js";

/** An error as the server tells it (RFC 9457), with a stable `code`. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly facts: Facts;
}

/** `GET /api/v1/instance` */
export interface Instance {
  readonly name: string;
  readonly signup: "open" | "invitation" | "closed";
  readonly version: string;
  readonly languages: readonly string[];
}

/** `GET /api/v1/me`: the reader. */
export interface Me {
  readonly id: string;
  /** The handle; null for a guest. */
  readonly name: string | null;
  readonly display: string;
  readonly kind: "account" | "guest";
  readonly lang?: string | null;
  readonly csrf?: string;
}

/** `POST /api/v1/accounts` */
export interface NewAccount {
  readonly name: string;
  readonly display?: string;
  readonly password: string;
  readonly invitation?: string;
}

/** `PATCH /api/v1/me` */
export interface MeChange {
  readonly display?: string;
  readonly lang?: string;
}

/** A row of `GET /api/v1/tokens`: a key with which programs act as me, without its secret. */
export interface TokenRow {
  readonly id: string;
  readonly label: string;
  /** Null: all that the account may. */
  readonly scopes: readonly string[] | null;
  readonly created_at: string;
  readonly used_at: string | null;
}

/** `POST /api/v1/tokens`: a new key with its secret, shown this once. */
export interface FreshToken {
  readonly id: string;
  readonly label: string;
  readonly token: string;
}

/** `PUT /api/v1/me/password` */
export interface PasswordChange {
  readonly current: string;
  readonly new: string;
  readonly keep_tokens: boolean;
}

/** A row of `GET /api/v1/me/sessions`: a place where I am signed in; `here` is this browser, `used_at` is right to the hour. */
export interface LoginRow {
  readonly id: string;
  readonly opened_at: string;
  readonly used_at: string;
  readonly browser: string | null;
  readonly platform: string | null;
  readonly here: boolean;
}

/** `POST /api/v1/invitations`: lets one person sign up. */
export interface Invitation {
  readonly code: string;
  readonly url: string;
}

/** `GET /api/v1/accounts/{name}` and the rows of `GET /api/v1/accounts?q=`. */
export interface Profile {
  readonly id: string;
  readonly name: string;
  readonly display: string;
  readonly bot: boolean;
}

/** A space as it stands on the home page; `speakers` are at most six, the dominant first. */
export interface SpaceCard extends SpaceFacts {
  readonly speakers: readonly Person[];
  readonly on_stage: number;
  readonly listeners: number;
}

/** `GET /api/v1/spaces/{id}` */
export interface SpacePage extends SpaceFacts {
  readonly stage: readonly OnStage[];
  readonly audience: Audience;
  readonly version: number;
  readonly may: Readonly<Record<string, boolean>>;
}

/** `POST /api/v1/spaces` */
export interface NewSpace {
  readonly title: string;
  readonly topics?: readonly string[];
  readonly lang?: string;
  readonly visibility?: Visibility;
  readonly who_may_speak?: WhoMaySpeak;
  readonly guests_allowed?: boolean;
  /** RFC 3339, in the future. */
  readonly scheduled_start?: string;
  /** True: live at once. */
  readonly start?: boolean;
}

/** `PATCH /api/v1/spaces/{id}`: only what is given changes. */
export interface SpaceChange {
  readonly title?: string;
  readonly topics?: readonly string[];
  readonly who_may_speak?: WhoMaySpeak;
  readonly guests_allowed?: boolean;
}

/** `GET /api/v1/spaces/{id}/permits` */
export interface Permits {
  readonly people: readonly Person[];
}

/** `GET /api/v1/spaces/{id}/people?after=&limit=` */
export interface PeoplePage {
  readonly people: readonly Person[];
  readonly next: string | null;
}
