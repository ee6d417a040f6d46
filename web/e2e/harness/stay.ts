/** A person in a space, doing what people do: everything by the roles and names that the page shows. */
import { type Locator, type Page, expect } from "@playwright/test";
import type { SpaceFacts } from "./server.ts";

export class Stay {
  constructor(readonly page: Page) {}

  /** Open the link and tap Listen; returns when the bar with the microphone is there. */
  static async enter(page: Page, space: SpaceFacts): Promise<Stay> {
    const stay = new Stay(page);
    await page.goto(new URL(space.url).pathname);
    await stay.listen();
    return stay;
  }

  async listen(): Promise<void> {
    await this.page.getByRole("button", { name: "Listen", exact: true }).click();
    await expect(this.tools).toBeVisible();
  }

  get tools(): Locator {
    return this.page.getByRole("group", { name: "Actions" });
  }

  /** The large line that says how my microphone is. */
  get micLine(): Locator {
    return this.page.locator("footer").getByRole("button", { name: /microphone|hand is up|invites you|muted you/ }).first();
  }

  get hand(): Locator {
    return this.tools.getByRole("button", { name: /^(Hand|Lower hand)$/ });
  }

  get stage(): Locator {
    return this.page.getByRole("region", { name: "Stage" });
  }

  /** Come up by the microphone line and the check before the stage. */
  async comeOnStage(): Promise<void> {
    await this.micLine.click();
    await this.page.getByRole("dialog").getByRole("button", { name: "Come on stage" }).click();
    await expect(this.micLine).toContainText("Your microphone is on");
  }

  async micOn(): Promise<void> {
    await this.micLine.click();
    await expect(this.micLine).toContainText("Your microphone is on");
  }

  async micOff(): Promise<void> {
    await this.micLine.click();
    await expect(this.micLine).toContainText(/microphone is off|muted you/);
  }

  async stepDown(): Promise<void> {
    await this.tools.getByRole("button", { name: "Step down" }).click();
    await this.page.getByRole("dialog").getByRole("button", { name: "Step down" }).click();
    await expect(this.micLine).toContainText("Nobody hears you");
  }
}
