import type { Arengo } from "../../model/views/index.js";
import { isInside } from "../shell/inside";

/** Who I am has changed: the space that I am in gets to know me by the new name, while the sound goes on. */
export function enterAnew(arengo: Arengo): void {
  const stay = arengo.current.value;
  if (stay !== null && isInside(stay.view.value.phase)) stay.enterAnew();
}
