import type { Arengo } from "../../model/views/index.js";
import { isInside } from "../shell/inside";

/** Who I am has changed: the space that I am in has to know me by the new name, in the same breath. */
export function enterAnew(arengo: Arengo): void {
  const stay = arengo.current.value;
  if (stay === null || !isInside(stay.view.value.phase)) return;
  stay.leave();
  stay.comeBack();
}
