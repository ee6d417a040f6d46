import type { FreshToken, Instance, Invitation, LoginRow, Me, TokenRow } from "../../protocol/index.js";
import type { Outcome, Problem } from "../outcome.js";
import type { Readable } from "../store.js";

/** Who is reading. */
export interface AccountState {
  /** `unknown` until the server has answered; `nobody` may listen all the same. */
  readonly name: "unknown" | "nobody" | "guest" | "account";
  readonly me: Me | null;
  /** Null until known. */
  readonly instance: Instance | null;
  /** The server could not be asked. */
  readonly problem: Problem | null;
}

/** What is wrong with what was typed, by field; codes as the server's. */
export interface SignUpFaults {
  readonly name?: "name_invalid" | "name_taken";
  readonly password?: "password_too_short";
  readonly invitation?: "invitation_required";
}

export interface Account {
  readonly state: Readable<AccountState>;
  /** Ask who I am; again after anything that may have changed it. */
  refresh(): Promise<void>;
  signIn(name: string, password: string): Promise<Outcome>;
  signUp(form: { name: string; display: string; password: string; invitation: string }): Promise<Outcome>;
  /** A guest identity, with a name to be shown by. */
  becomeGuest(display: string): Promise<Outcome>;
  rename(display: string): Promise<Outcome>;
  setLang(lang: string): Promise<Outcome>;
  signOut(): Promise<Outcome>;
  /** Ends every other login, and the keys of programs unless they are kept. Fails with `wrong_password` or `password_invalid`. */
  changePassword(current: string, next: string, keepTokens: boolean): Promise<Outcome>;
  /** Where I am signed in. */
  logins(): Promise<Outcome<readonly LoginRow[]>>;
  endLogin(id: string): Promise<Outcome>;
  endOtherLogins(): Promise<Outcome>;
  /** Keys with which programs act as me. */
  tokens(): Promise<Outcome<readonly TokenRow[]>>;
  makeToken(label: string): Promise<Outcome<FreshToken>>;
  revokeToken(id: string): Promise<Outcome>;
  /** A link that lets one person sign up. */
  invite(): Promise<Outcome<Invitation>>;
  /** Checked while typing, before anything is sent. */
  faultsOf(form: { name: string; password: string; invitation: string }): SignUpFaults;
}
