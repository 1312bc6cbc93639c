import type { Model } from "./model.ts";
import { wrap } from "./wrap.ts";

/**
 * A model that is never asked for more than its context holds: `maxTokens` is lowered to what prompt and prefix
 * leave. A prompt that leaves nothing is sent as it is, with one token, and the model itself says what is wrong.
 */
export function fitted(model: Model): Model {
  const { contextLength } = model;
  if (contextLength === undefined) return model;
  return wrap(model, async (requests, options) => {
    const inputs = await model.countTokens(requests, options);
    const fitting = requests.map((request, index) => ({
      ...request,
      maxTokens: Math.max(1, Math.min(request.maxTokens, contextLength - inputs[index]!)),
    }));
    return model.generate(fitting, options);
  });
}
