// Best-of-N with a verifier of your own: any function that scores a text in [0, 1].
import { bestOfN, custom, scripted, solve } from "bedacht";

const model = scripted(({ seed }) => `#### ${90 + (seed % 11)}`);

const isPrime = custom((text) => {
  const number = Number(/\d+/.exec(text)?.[0]);
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return 0;
  return 1;
});

const { answer, trace } = await solve({
  problem: "Name a prime number from 90 to 100.",
  strategy: bestOfN({ n: 64 }),
  model,
  verifier: isPrime,
});
const selected = trace.find((event) => event.type === "selected");
console.log(`answer ${answer}: ${selected?.why}`);
