import { Outlet } from "@tanstack/react-router";
import { Suspense } from "react";
import { SkeletonPage } from "@/ui/Skeleton";

export function Root() {
  return (
    <Suspense fallback={<SkeletonPage />}>
      <Outlet />
    </Suspense>
  );
}
