/** Every page in every state without a server: `npx vite --config gallery/vite.config.ts`, then /gallery/?scene=host&lang=it. Not part of the product's build. */

import { mount } from "svelte";
import "@fontsource-variable/piazzolla/opsz.css";
import "../src/styles/tokens.css";
import "../src/styles/base.css";
import { isLanguage, language } from "../src/i18n/language.svelte";
import { SCENES } from "./scenes";

const asked = new URLSearchParams(location.search);
const scene = SCENES[asked.get("scene") ?? ""];
const lang = asked.get("lang");

if (scene === undefined) {
  document.body.append(
    ...Object.keys(SCENES).map((name) => {
      const link = document.createElement("a");
      link.href = `?scene=${name}`;
      link.textContent = name;
      link.style.display = "block";
      return link;
    }),
  );
} else {
  history.replaceState(null, "", scene.path);
  await language.use(isLanguage(lang) ? lang : "en");
  const target = document.getElementById("app");
  // The router reads the address as it is loaded, so it comes after the scene's own.
  const { default: App } = await import("../src/App.svelte");
  if (target !== null) mount(App, { target, props: { arengo: scene.arengo(lang === "it") } });
}
