import { createContext } from "svelte";
import type { Arengo } from "../../model/views/index.js";

/** The app's inside, given once at the top and taken wherever a page needs it. */
export const [useArengo, provideArengo] = createContext<Arengo>();
