import * as Radix from "@radix-ui/react-popover";
import { useState } from "react";
import type { PopoverProps } from "./Popover";
import styles from "./Popover.module.css";

export default function PopoverPanel({ trigger, label, align = "end", width = 360, children }: PopoverProps) {
  const [open, setOpen] = useState(true);
  return (
    <Radix.Root open={open} onOpenChange={setOpen}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          className={styles.panel}
          style={{ width }}
          aria-label={label}
          align={align}
          sideOffset={6}
          collisionPadding={8}
        >
          {children(() => setOpen(false))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
