import { defineConfig } from "@playwright/test";

/**
 * Real servers, real browsers, real sound: one worker, because what we measure is time.
 * A flaky test is a bug of the first rank, so nothing is tried twice.
 */
export default defineConfig({
  testDir: "./specs",
  outputDir: "../test-results",
  workers: 1,
  fullyParallel: false,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 10_000 },
  use: { actionTimeout: 10_000, navigationTimeout: 15_000 },
  reporter: [["list"]],
  forbidOnly: Boolean(process.env["CI"]),
});
