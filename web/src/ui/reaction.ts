/** The drawings of the emoji that may be sent: the same on every device. */

import type { ReactionEmoji } from "../protocol/index.js";
import sheet from "./reactions.svg?url&no-inline";

const DRAWINGS: Readonly<Record<ReactionEmoji, string>> = {
  "❤️": "heart", "👏": "clap", "😂": "laugh", "🫒": "olive", "✋": "hand", "👍": "thumb", "🔥": "fire", "🤔": "thinking",
};

/** Address of the drawing of *emoji*, or null for one that this version does not know. */
export function reactionDrawing(emoji: string): string | null {
  const name = (DRAWINGS as Readonly<Record<string, string>>)[emoji];
  return name === undefined ? null : `${sheet}#${name}`;
}
