// Your own function as a model: asked sixteen times, it is right more often than once.
import { majority, scripted, solve } from "bedacht";

const guesser = scripted(({ prompt, seed }) => {
  const [a = 0, b = 0] = String(prompt).match(/\d+/g)!.map(Number);
  const slip = seed % 5 < 2 ? (seed % 7) - 3 : 0;
  return `${a} * ${b} = ${a * b + slip}\n#### ${a * b + slip}`;
});

const { answer, receipt, trace } = await solve({
  problem: "What is 12 * 34?",
  strategy: majority({ n: 16 }),
  model: guesser,
});
const votes = trace.filter((event) => event.type === "voted");
for (const vote of votes) console.log(`${vote.answer}: ${vote.weight} votes`);
console.log(`answer ${answer} for ${receipt.total.outputTokens} generated tokens`);
