// What a JavaScript developer writes with the official client; prints what came of it as JSON. node client.mjs URL SCENARIO
import OpenAI from "openai";

const [url, scenario] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}v1`, apiKey: "none", maxRetries: 0, timeout: 60_000 });
const model = "spark";
const messages = [{ role: "user", content: "Hello!" }];
const sum = [{ role: "user", content: "What is 127*43+9?" }];
const calculator = {
  type: "function",
  function: {
    name: "calculator", description: "Sums", strict: true,
    parameters: { type: "object", properties: { expression: { type: "string" } }, required: ["expression"], additionalProperties: false },
  },
};

async function failure(action) {
  try {
    await action();
    return { name: "none" };
  } catch (error) {
    return { name: error.constructor.name, status: error.status, param: error.param, code: error.code, type: error.type, requestID: error.requestID };
  }
}

const scenarios = {
  async chat() {
    const whole = await client.chat.completions.create({ model, messages, temperature: 0 });
    let streamed = "";
    let usage = null;
    for await (const chunk of await client.chat.completions.create({ model, messages, temperature: 0, stream: true, stream_options: { include_usage: true } })) {
      streamed += chunk.choices[0]?.delta?.content ?? "";
      usage = chunk.usage ?? usage;
    }
    return { whole: whole.choices[0].message.content, streamed, finish: whole.choices[0].finish_reason, tokens: whole.usage.completion_tokens, streamedTokens: usage.completion_tokens };
  },

  async tools() {
    const result = { auto: null, required: null, named: null, final: null };
    const runner = client.chat.completions.runTools({
      model, messages: sum, temperature: 0,
      tools: [{ type: "function", function: { name: "calculator", description: "Sums", parameters: calculator.function.parameters, parse: JSON.parse, function: ({ expression }) => { result.auto = expression; return "5470"; } } }],
    });
    result.final = await runner.finalContent();
    const required = await client.chat.completions.create({ model, messages, temperature: 0, tools: [calculator], tool_choice: "required", parallel_tool_calls: false });
    result.required = required.choices[0].message.tool_calls.map((call) => JSON.parse(call.function.arguments));
    const stream = client.chat.completions.stream({ model, messages, temperature: 0, tools: [calculator], tool_choice: { type: "function", function: { name: "calculator" } }, parallel_tool_calls: false });
    const message = await stream.finalMessage();
    result.named = message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
    return result;
  },

  async structured() {
    const schema = { type: "object", properties: { sky: { enum: ["sunny", "grey"] } }, required: ["sky"], additionalProperties: false };
    const parsed = await client.chat.completions.parse({ model, messages, temperature: 0, response_format: { type: "json_schema", json_schema: { name: "sky", strict: true, schema } } });
    return JSON.parse(parsed.choices[0].message.content);
  },

  async logprobs() {
    const told = await client.chat.completions.create({ model, messages, temperature: 0, logprobs: true, top_logprobs: 2 });
    const content = told.choices[0].logprobs.content;
    return { text: told.choices[0].message.content, joined: content.map((one) => one.token).join(""), tops: content.map((one) => one.top_logprobs.length) };
  },

  async errors() {
    return {
      model: await failure(() => client.chat.completions.create({ model: "gpt-9", messages })),
      field: await failure(() => client.chat.completions.create({ model, messages, temperature: 9 })),
      path: await failure(() => client.get("/nothing")),
    };
  },

  async cancellation() {
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    let chunks = 0;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta?.content && ++chunks === 3)
        break; // hangs up
    }
    return { chunks };
  },

  async completions() {
    const whole = await client.completions.create({ model, prompt: "Hello", echo: true, max_tokens: 5, temperature: 0 });
    return { text: whole.choices[0].text, models: (await client.models.list()).data.map((one) => one.id), one: (await client.models.retrieve(model)).id };
  },

  async responses() {
    const whole = await client.responses.create({ model, input: "Hello!", temperature: 0 });
    let streamed = "";
    const types = [];
    for await (const event of await client.responses.create({ model, input: "Hello!", temperature: 0, stream: true })) {
      types.push(event.type);
      streamed += event.type === "response.output_text.delta" ? event.delta : "";
    }
    const next = await client.responses.create({ model, input: "And who are you?", previous_response_id: whole.id, temperature: 0 });
    return { whole: whole.output_text, streamed, first: types[0], last: types.at(-1), previous: next.previous_response_id === whole.id, found: (await client.responses.retrieve(whole.id)).output_text };
  },
};

console.log(JSON.stringify(await scenarios[scenario]()));
