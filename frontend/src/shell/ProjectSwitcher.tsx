import { useQuery } from "@tanstack/react-query";
import { projectsQuery } from "@/api/session";
import { Button } from "@/ui/Button";
import { Menu } from "@/ui/Menu";
import { Brand } from "./Brand";
import styles from "./Shell.module.css";

/** Which project one is in, and the way to another. */
export function ProjectSwitcher({ project }: { project: string }) {
  const projects = useQuery(projectsQuery).data ?? [];
  const name = projects.find((item) => item.slug === project)?.name ?? project;
  return (
    <div className={styles.left}>
      <Brand short />
      <span className={styles.slash} aria-hidden="true">
        /
      </span>
      <Menu
        trigger={
          <Button variant="quiet" className={styles.switcher} aria-label={`Project ${name}, change`}>
            <span>{name}</span>
          </Button>
        }
        groups={[
          {
            label: "Projects",
            items: projects.map((item) => ({
              label: item.name,
              to: "/p/$project",
              params: { project: item.slug },
              ...(item.slug === project ? { hint: "here" } : {}),
            })),
          },
          { items: [{ label: "All projects", icon: "overview", to: "/" }] },
        ]}
      />
    </div>
  );
}
