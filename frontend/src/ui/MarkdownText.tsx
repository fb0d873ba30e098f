import Markdown, { type MarkdownToJSX } from "markdown-to-jsx/react";
import type { ComponentProps } from "react";
import styles from "./Markdown.module.css";

const OPTIONS: MarkdownToJSX.Options = {
  disableParsingRawHTML: true,
  forceBlock: true,
  wrapper: "div",
  overrides: {
    a: (props: ComponentProps<"a">) => (
      <a href={props.href} rel="noreferrer nofollow">
        {props.children}
      </a>
    ),
    // An image would tell a foreign server who reads this.
    img: (props: ComponentProps<"img">) => (
      <a href={props.src} rel="noreferrer nofollow">
        {props.alt || props.src}
      </a>
    ),
    table: (props: ComponentProps<"table">) => (
      <div className={styles.wide} tabIndex={0} role="region" aria-label="Table">
        <table>{props.children}</table>
      </div>
    ),
    h1: { component: "h3" },
    h2: { component: "h3" },
    h3: { component: "h4" },
    h4: { component: "h4" },
    h5: { component: "h4" },
    h6: { component: "h4" },
  },
};

/** The drawing part of Markdown.tsx; raw HTML in the text stays text. */
export default function MarkdownText({ text }: { text: string }) {
  return (
    <Markdown options={OPTIONS} className={styles.text}>
      {text}
    </Markdown>
  );
}
