import type { FreshToken, Instance, Invitation, LoginRow, Me, TokenRow } from "../protocol/index.js";
import { DONE, failed, problem, type Outcome } from "./outcome.js";
import type { Api } from "./ports.js";
import { Cell } from "./store.js";
import type { Account, AccountState, SignUpFaults } from "./views/account.js";

/** As the server's limits (src/arengo/limits.py). */
const NAME = /^[a-z0-9_]{2,30}$/;
const PASSWORD_LEAST = 8;

/** Who is reading, as the server knows it. */
export class AccountOfReader implements Account {
  readonly state = new Cell<AccountState>({ name: "unknown", me: null, instance: null, problem: null });

  constructor(private readonly api: Api) {}

  async refresh(): Promise<void> {
    const [instance, me] = [this.state.value.instance ?? (await this.#instance()), await this.api.me()];
    if (me.ok && me.value !== null) this.#signedIn(me.value, instance);
    else if (me.ok || me.problem.code === "not_signed_in") this.state.set({ name: "nobody", me: null, instance, problem: null });
    else this.state.update((state) => ({ ...state, instance, problem: me.problem }));
  }

  async signIn(name: string, password: string): Promise<Outcome> {
    return this.#become(await this.api.signIn(name.trim().toLowerCase(), password));
  }

  async signUp(form: { name: string; display: string; password: string; invitation: string }): Promise<Outcome> {
    const display = form.display.trim();
    const invitation = form.invitation.trim();
    const answer = await this.api.signUp({
      name: form.name.trim().toLowerCase(),
      password: form.password,
      ...(display === "" ? {} : { display }),
      ...(invitation === "" ? {} : { invitation }),
    });
    return this.#become(answer);
  }

  async becomeGuest(display: string): Promise<Outcome> {
    return this.#become(await this.api.signInAsGuest(display.trim() || undefined));
  }

  async rename(display: string): Promise<Outcome> {
    return this.#become(await this.api.changeMe({ display: display.trim() }));
  }

  async setLang(lang: string): Promise<Outcome> {
    if (this.state.value.me === null) return DONE;
    return this.#become(await this.api.changeMe({ lang }));
  }

  async signOut(): Promise<Outcome> {
    const answer = await this.api.signOut();
    if (answer.ok) this.state.update((state) => ({ ...state, name: "nobody", me: null, problem: null }));
    return answer;
  }

  async changePassword(current: string, next: string, keepTokens: boolean): Promise<Outcome> {
    if ([...next].length < PASSWORD_LEAST) return failed(problem("password_invalid"));
    return this.#become(await this.api.changePassword({ current, new: next, keep_tokens: keepTokens }));
  }

  logins(): Promise<Outcome<readonly LoginRow[]>> {
    return this.api.logins();
  }

  endLogin(id: string): Promise<Outcome> {
    return this.api.endLogin(id);
  }

  endOtherLogins(): Promise<Outcome> {
    return this.api.endOtherLogins();
  }

  tokens(): Promise<Outcome<readonly TokenRow[]>> {
    return this.api.tokens();
  }

  makeToken(label: string): Promise<Outcome<FreshToken>> {
    return this.api.makeToken(label);
  }

  revokeToken(id: string): Promise<Outcome> {
    return this.api.revokeToken(id);
  }

  invite(): Promise<Outcome<Invitation>> {
    return this.api.invite();
  }

  faultsOf({ name, password, invitation }: { name: string; password: string; invitation: string }): SignUpFaults {
    const faults: { -readonly [field in keyof SignUpFaults]: SignUpFaults[field] } = {};
    if (!NAME.test(name.trim().toLowerCase())) faults.name = "name_invalid";
    if ([...password].length < PASSWORD_LEAST) faults.password = "password_too_short";
    if (this.state.value.instance?.signup === "invitation" && invitation.trim() === "") faults.invitation = "invitation_required";
    return faults;
  }

  async #instance(): Promise<Instance | null> {
    const answer = await this.api.instance();
    return answer.ok ? answer.value : null;
  }

  #become(answer: Outcome<Me>): Outcome {
    if (!answer.ok) return answer;
    this.#signedIn(answer.value, this.state.value.instance);
    return DONE;
  }

  #signedIn(me: Me, instance: Instance | null): void {
    this.state.set({ name: me.kind, me, instance, problem: null });
  }
}
