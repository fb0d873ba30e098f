import * as Radix from "@radix-ui/react-tabs";
import { type ReactNode, useRef } from "react";
import styles from "./Tabs.module.css";
import { useShownWithin } from "./useShownWithin";

interface Tab {
  value: string;
  label: ReactNode;
  /** Shown small behind the label. */
  count?: number | undefined;
  content: ReactNode;
}

interface TabsProps {
  label: string;
  tabs: Tab[];
  /**
   * Keep it in the address: `value={search.tab}`, `onChange={(tab) => navigate({ search: { tab } })}`.
   * The first tab is shown where none is called so: an address may be old.
   */
  value: string;
  onChange: (value: string) => void;
}

export function Tabs({ label, tabs, value, onChange }: TabsProps) {
  const list = useRef<HTMLDivElement>(null);
  const shown = tabs.some((tab) => tab.value === value) ? value : (tabs[0]?.value ?? "");
  useShownWithin(list, '[data-state="active"]', shown);
  return (
    <Radix.Root value={shown} onValueChange={onChange} className={styles.root}>
      <Radix.List ref={list} className={styles.list} aria-label={label}>
        {tabs.map((tab) => (
          <Radix.Trigger key={tab.value} value={tab.value} className={styles.tab}>
            {tab.label}
            {tab.count !== undefined && <span className={styles.count}>{tab.count}</span>}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value} className={styles.content} tabIndex={-1}>
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
