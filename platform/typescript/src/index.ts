export type { AdapterRef } from "./bundle.js";
export {
  type AnswerFields,
  AnswerReader,
  answerFields,
  type ChatRequest,
  type RequestOptions,
  type Tools,
} from "./chat.js";
export { type LivePrompt, type Options, type Storage, VariorumClient } from "./client.js";
export { type Choice, Delivery } from "./delivery.js";
export type { LogEntry } from "./entry.js";
export { BundleError, NotReady, RenderError, UnknownArtefact } from "./errors.js";
export type { ChatMessage, Variables } from "./prompt.js";
export { type Context, type Decision, Rules } from "./rules.js";
export type { Stats } from "./stats.js";
