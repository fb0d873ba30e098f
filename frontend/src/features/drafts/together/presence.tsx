import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { client, send, take } from "@/api/client";
import { useLive } from "@/api/live";
import type { components } from "@/api/schema";

export type Seen = components["schemas"]["PresenceItem"];
type Mine = Omit<components["schemas"]["SeenRequest"], "page" | "left">;

const NOTHING: Mine = { tab: "", path: "", doing: "", client: null, cursor: null };
const BEAT = 10_000;
const EXPIRY = 25_000;
const PAUSE = 120;
/** How long somebody who typed counts as typing. */
const QUIET = 4_000;

interface Presence {
  /** Every other page that is open, of other people or of oneself. */
  pages: Seen[];
  /** Tells the others what this page shows; what is left out stays as it was. */
  show: (part: Partial<Mine>) => void;
  /** Tells them that one types. */
  typing: (doing: "writing" | "commenting") => void;
}

const Context = createContext<Presence>({ pages: [], show: () => undefined, typing: () => undefined });

export function usePresence(): Presence {
  return useContext(Context);
}

/** Tells the server what this page shows, and knows who else has the draft open. */
export function PresenceProvider(props: { project: string; number: number; children: ReactNode }) {
  const { project, number } = props;
  const [pages, setPages] = useState<Map<string, Seen & { at: number }>>(new Map());
  const take_ = useCallback((items: Seen[]) => {
    setPages(new Map(items.map((item) => [item.page, { ...item, at: Date.now() }])));
  }, []);
  const me = useRef<Announcer>(null);
  const mine = useRef<Mine>(NOTHING);
  useEffect(() => {
    const made = new Announcer(project, number, mine, take_);
    me.current = made;
    return () => {
      made.leave();
      me.current = null;
    };
  }, [project, number, take_]);
  useLive(
    project,
    (message) => {
      if (message.kind === "resync") me.current?.announce();
      if (message.kind !== "presence.progress" || message.subject?.id !== String(number)) return;
      setPages((before) => withNews(before, message.data));
    },
    `drafts/${number}`,
  );
  useEffect(() => {
    const timer = setInterval(() => setPages(withoutOld), BEAT / 2);
    return () => clearInterval(timer);
  }, []);
  const show = useCallback((part: Partial<Mine>) => {
    if (JSON.stringify({ ...mine.current, ...part }) === JSON.stringify(mine.current)) return;
    mine.current = { ...mine.current, ...part };
    me.current?.later();
  }, []);
  const quiet = useRef<ReturnType<typeof setTimeout>>(undefined);
  const typing = useCallback(
    (doing: "writing" | "commenting") => {
      show({ doing });
      clearTimeout(quiet.current);
      quiet.current = setTimeout(() => show({ doing: "" }), QUIET);
    },
    [show],
  );
  const value = useMemo(
    () => ({ pages: [...pages.values()].filter((one) => one.page !== me.current?.page), show, typing }),
    [pages, show, typing],
  );
  return <Context.Provider value={value}>{props.children}</Context.Provider>;
}

type Pages = Map<string, Seen & { at: number }>;

function withNews(before: Pages, data: Record<string, unknown>): Pages {
  const after = new Map(before);
  if (data["left"]) after.delete(String(data["page"]));
  else after.set(String(data["page"]), { ...(data as unknown as Seen), at: Date.now() });
  return after;
}

function withoutOld(before: Pages): Pages {
  const old = Date.now() - EXPIRY;
  const left = [...before].filter(([, page]) => page.at > old);
  return left.length === before.size ? before : new Map(left);
}

/** An id for this page; `crypto.randomUUID` is not there on plain http. */
function newPage(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** Speaks for this page: at once when something changes, again every ten seconds, and when it closes. */
class Announcer {
  readonly page = newPage();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private beat: ReturnType<typeof setInterval>;
  private goodbye = () => this.leave();

  constructor(
    private readonly project: string,
    private readonly number: number,
    private readonly mine: { current: Mine },
    private readonly onPages: (pages: Seen[]) => void,
  ) {
    this.beat = setInterval(() => this.announce(), BEAT);
    window.addEventListener("pagehide", this.goodbye);
    this.later();
  }

  announce(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const call = client.POST("/api/v1/projects/{project}/drafts/{number}/presence", {
      params: { path: { project: this.project, number: this.number } },
      body: { left: false, ...this.mine.current, page: this.page },
    });
    take(call).then(
      (answer) => this.onPages(answer.items),
      () => undefined, // said again with the next beat; what is shown runs out by itself
    );
  }

  leave(): void {
    clearTimeout(this.timer);
    clearInterval(this.beat);
    window.removeEventListener("pagehide", this.goodbye);
    const path = `/api/v1/projects/${this.project}/drafts/${this.number}/presence`;
    send(path, { method: "POST", body: { page: this.page, left: true }, keepalive: true }).catch(
      () => undefined,
    );
  }

  later(): void {
    this.timer ??= setTimeout(() => this.announce(), PAUSE);
  }
}
