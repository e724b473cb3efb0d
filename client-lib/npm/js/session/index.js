// The entry point of the session.
export { RejoinSession, RejoinSession as default } from "./session.js";
export {
  CallError, KeepError, NotTakenError, PublishError, RejoinError, SessionEndedError, SubscriptionError, UndecodableError,
} from "./errors.js";
