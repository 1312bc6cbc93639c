import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sampleReport } from "../../test/sample-report.ts";
import { spawnCli } from "../../test/spawn-cli.ts";
import { reportFiles } from "../lab/index.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-report-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

describe("bedacht report", () => {
  it("renders a report.json again, beside it or elsewhere, and says what it wrote", async () => {
    writeFileSync(at("sample.json"), JSON.stringify(sampleReport()));
    const files = await reportFiles(sampleReport());
    for (const [args, place] of [
      [["report", at("sample.json")], folder],
      [["report", at("sample.json"), "-o", at("site")], at("site")],
    ] as const) {
      const { code, stdout, stderr } = await spawnCli(args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout.trim().split("\n")).toEqual([...files.keys()].map((name) => join(place, name)));
      expect(readFileSync(join(place, "report.html"), "utf8")).toBe(files.get("report.html"));
    }
  });

  it.each([
    ["a file that is not there", ["report", "none.json"], /the report none\.json: there is no such file\.$/],
    [
      "a file that is no report",
      ["report", "package.json"],
      /The report is wrong at the top: it knows no "name"/,
    ],
    ["nothing to report", ["report"], /^bedacht: Say what to report: a report\.json, or --bank FILE/],
    ["a file and a bank", ["report", "a.json", "--bank", "b.db"], /^bedacht: Say what to report/],
    ["a bank that is not there", ["report", "--bank", "none.db"], /There is no bank none\.db/],
  ])("refuses %s", async (_, args, message) => {
    const { code, stdout, stderr } = await spawnCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.trim()).toMatch(message);
  });

  it("says where it cannot write", async () => {
    writeFileSync(at("sample.json"), JSON.stringify({ ...sampleReport(), sections: [] }));
    const { code, stderr } = await spawnCli(["report", at("sample.json"), "-o", at("sample.json")]);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^bedacht: Cannot write the report to /),
    });
  });
});
