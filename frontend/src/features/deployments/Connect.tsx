import { lazy, Suspense, useState } from "react";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { SkeletonText } from "@/ui/Skeleton";
import type { Environment } from "./deployments";

const ConnectPanel = lazy(() => import("./ConnectPanel"));

/** How an app gets what an environment serves: the address and a few lines to copy. */
export function ConnectButton({ project, environment }: { project: string; environment: Environment }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" variant="quiet" onClick={() => setOpen(true)}>
        Connect
      </Button>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        shape="wide"
        title={`Connect an app to ${environment.name}`}
        description="The app gets what is live here, and hears of every change within a second."
      >
        <Suspense fallback={<SkeletonText lines={6} />}>
          <ConnectPanel project={project} environment={environment} />
        </Suspense>
      </Dialog>
    </>
  );
}
