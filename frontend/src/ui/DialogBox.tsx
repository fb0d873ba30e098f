import * as Radix from "@radix-ui/react-dialog";
import { useRef, useState } from "react";
import { cx } from "@/lib/cx";
import { IconButton } from "./Button";
import type { DialogProps } from "./Dialog";
import styles from "./Dialog.module.css";

export default function DialogBox({
  onClose,
  title,
  description,
  shape = "normal",
  hideTitle,
  children,
}: DialogProps) {
  const box = useRef<HTMLDivElement>(null);
  // Known before an autofocused field inside takes the focus, which Radix would else take for the opener.
  const [opener] = useState(() => document.activeElement);
  const described = description === undefined ? { "aria-describedby": undefined } : {};
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={styles.veil} />
        <Radix.Content
          ref={box}
          className={cx(styles.box, styles[shape])}
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            box.current?.focus();
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
          }}
          onEscapeKeyDown={(event) => {
            // A box that offers people closes its list first; Radix hears of the key before the box does.
            if (document.activeElement?.matches("textarea[aria-activedescendant]")) event.preventDefault();
          }}
          {...described}
        >
          <header className={hideTitle ? "visually-hidden" : styles.head}>
            <Radix.Title className={styles.title}>{title}</Radix.Title>
            {!hideTitle && <IconButton icon="close" label="Close" size="small" onClick={onClose} />}
          </header>
          {description !== undefined && (
            <Radix.Description className={styles.description}>{description}</Radix.Description>
          )}
          <div className={hideTitle ? styles.bare : styles.body}>{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
