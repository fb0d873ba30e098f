import { Fragment, useState } from "react";
import { formatNumber } from "@/lib/format";
import { cutSame, type Span } from "./comparison";
import styles from "./RenderedDiff.module.css";

/** Words of both versions: removed ones struck through, added ones underlined; long text that stayed is cut. */
export function Spans({ spans, whole = false }: { spans: readonly Span[]; whole?: boolean }) {
  return spans.map((span, index) => {
    if (span.kind === "added") return <ins key={index}>{visible(span.text)}</ins>;
    if (span.kind === "removed") return <del key={index}>{visible(span.text)}</del>;
    return <Same key={index} text={span.text} whole={whole} />;
  });
}

function Same({ text, whole }: { text: string; whole: boolean }) {
  const [open, setOpen] = useState(whole);
  const cut = open ? null : cutSame(text);
  if (!cut) return <Fragment>{text}</Fragment>;
  return (
    <>
      {cut.start}
      <button type="button" className={styles.cut} onClick={() => setOpen(true)}>
        … {formatNumber(cut.hidden)} unchanged characters …
      </button>
      {cut.end}
    </>
  );
}

/** White space alone would not be seen: a line's end is marked, a blank too. */
function visible(text: string): string {
  if (text.trim() !== "") return text;
  return text.replaceAll(" ", "␣").replaceAll("\t", "⇥").replaceAll("\n", "↵\n");
}
