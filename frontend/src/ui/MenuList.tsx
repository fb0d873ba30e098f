import * as Radix from "@radix-ui/react-dropdown-menu";
import { Link } from "@tanstack/react-router";
import { cx } from "@/lib/cx";
import { Icon } from "./Icon";
import type { MenuItem, MenuProps } from "./Menu";
import styles from "./Menu.module.css";

export default function MenuList({ trigger, groups, align = "start" }: MenuProps) {
  return (
    <Radix.Root defaultOpen modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className={styles.list} align={align} sideOffset={4} collisionPadding={8}>
          {groups
            .filter((group) => group.items.length > 0)
            .map((group, index) => (
              <Radix.Group key={group.label ?? index} className={styles.group}>
                {group.label && <Radix.Label className={styles.label}>{group.label}</Radix.Label>}
                {group.items.map((item, place) => (
                  <Item key={place} item={item} />
                ))}
              </Radix.Group>
            ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Item({ item }: { item: MenuItem }) {
  const className = cx(styles.item, item.danger && styles.danger);
  const select = () => item.onSelect?.();
  if (item.checked !== undefined) {
    return (
      <Radix.CheckboxItem
        className={className}
        checked={item.checked}
        disabled={item.disabled ?? false}
        onSelect={select}
      >
        <Words item={item} />
        <Radix.ItemIndicator>
          <Icon name="check" size={14} />
        </Radix.ItemIndicator>
      </Radix.CheckboxItem>
    );
  }
  if (item.to) {
    return (
      <Radix.Item asChild className={className} disabled={item.disabled ?? false}>
        <Link to={item.to} params={item.params ?? {}}>
          <Words item={item} />
        </Link>
      </Radix.Item>
    );
  }
  return (
    <Radix.Item className={className} disabled={item.disabled ?? false} onSelect={select}>
      <Words item={item} />
    </Radix.Item>
  );
}

function Words({ item }: { item: MenuItem }) {
  return (
    <>
      {item.icon && <Icon name={item.icon} />}
      <span className={styles.words}>{item.label}</span>
      {item.hint !== undefined && <span className={styles.hint}>{item.hint}</span>}
    </>
  );
}
