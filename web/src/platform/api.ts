import { succeeded, type Api, type Outcome } from "../model/index.js";
import type { FreshToken, Instance, Invitation, LoginRow, Me, PeoplePage, Permits, Profile, SpaceCard, SpaceFacts, SpacePage, TokenRow } from "../protocol/index.js";
import type { Http } from "./http.js";

const ROOT = "/api/v1";
const SPACES = `${ROOT}/spaces`;
const PAGE_OF_PEOPLE = 100;

/** The server's HTTP API (docs, /api/v1/openapi.json), as the model asks for it. */
export function httpApi(http: Http): Api {
  const space = (id: string): string => `${SPACES}/${encodeURIComponent(id)}`;
  return {
    instance: () => http.json<Instance>(`${ROOT}/instance`),
    me: async () => of(await http.json<{ me: Me | null }>(`${ROOT}/session`), ({ me }) => me),
    changeMe: (json) => http.json<Me>(`${ROOT}/me`, { method: "PATCH", json }),
    signUp: (json) => http.json<Me>(`${ROOT}/accounts`, { method: "POST", json }),
    signIn: (name, password) => http.json<Me>(`${ROOT}/session`, { method: "POST", json: { name, password } }),
    signInAsGuest: (display) => http.json<Me>(`${ROOT}/session/guest`, { method: "POST", json: { display: display ?? null } }),
    signOut: () => http.plain(`${ROOT}/session`, { method: "DELETE" }),
    changePassword: (json) => http.json<Me>(`${ROOT}/me/password`, { method: "PUT", json, once: true }),
    logins: async () => of(await http.json<{ sessions: readonly LoginRow[] }>(`${ROOT}/me/sessions`), ({ sessions }) => sessions),
    endLogin: (id) => http.plain(`${ROOT}/me/sessions/${encodeURIComponent(id)}`, { method: "DELETE" }),
    endOtherLogins: () => http.plain(`${ROOT}/me/sessions`, { method: "DELETE" }),
    findAccounts: async (prefix) =>
      of(await http.json<{ people: readonly Profile[] }>(`${ROOT}/accounts?${new URLSearchParams({ q: prefix })}`), ({ people }) => people),
    tokens: async () => of(await http.json<{ tokens: readonly TokenRow[] }>(`${ROOT}/tokens`), ({ tokens }) => tokens),
    makeToken: (label) => http.json<FreshToken>(`${ROOT}/tokens`, { method: "POST", json: { label } }),
    revokeToken: (id) => http.plain(`${ROOT}/tokens/${encodeURIComponent(id)}`, { method: "DELETE" }),
    invite: () => http.json<Invitation>(`${ROOT}/invitations`, { method: "POST" }),
    spaces: async (state) => of(await http.json<{ spaces: readonly SpaceCard[] }>(`${SPACES}?state=${state}`), ({ spaces }) => spaces),
    space: (id) => http.json<SpacePage>(space(id)),
    openSpace: (json) => http.json<SpaceFacts>(SPACES, { method: "POST", json }),
    changeSpace: (id, json) => http.json<SpaceFacts>(space(id), { method: "PATCH", json }),
    startSpace: (id) => http.json<SpaceFacts>(`${space(id)}/start`, { method: "POST" }),
    endSpace: (id) => http.json<SpaceFacts>(`${space(id)}/end`, { method: "POST" }),
    cancelSpace: (id) => http.json<SpaceFacts>(`${space(id)}/cancel`, { method: "POST" }),
    people: (id, after) => {
      const query = new URLSearchParams({ limit: String(PAGE_OF_PEOPLE), ...(after === null ? {} : { after }) });
      return http.json<PeoplePage>(`${space(id)}/people?${query}`);
    },
    permits: async (id) => of(await http.json<Permits>(`${space(id)}/permits`), ({ people }) => people),
    permit: (id, account) => http.plain(`${space(id)}/permits/${encodeURIComponent(account)}`, { method: "PUT" }),
    withdrawPermit: (id, account) => http.plain(`${space(id)}/permits/${encodeURIComponent(account)}`, { method: "DELETE" }),
  };
}

function of<T, R>(answer: Outcome<T>, part: (value: T) => R): Outcome<R> {
  return answer.ok ? succeeded(part(answer.value)) : answer;
}
