/** The browser starts here: language, pages, and the worker that keeps the shell at hand. */

import { mount } from "svelte";
import "@fontsource-variable/piazzolla/opsz.css";
import "./styles/tokens.css";
import "./styles/base.css";
import App from "./App.svelte";
import { bootstrap } from "./bootstrap";
import { language, preferredLanguage } from "./i18n/language.svelte";
import { keepShell } from "./features/shell/keepShell";

async function start(): Promise<void> {
  const target = document.getElementById("app");
  if (target === null) throw new Error("index.html has no #app");
  const arengo = bootstrap();
  void arengo.account.refresh();
  await language.use(preferredLanguage());
  target.replaceChildren();
  mount(App, { target, props: { arengo } });
  keepShell();
}

void start();
