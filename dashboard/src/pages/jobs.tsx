/** Work that outlives its request: how far it got, and how to stop it. */

import { useEffect } from "preact/hooks";
import { api } from "../api/client";
import type { Job } from "../api/types";
import { useBases } from "../session";
import { Badge, Button, Empty, Problem, useAction, useLoaded } from "../ui/controls";
import { when } from "../ui/format";
import { progressText } from "./files";

const TYPES = [
  "DeleteFolderBatchJob",
  "DeleteFileBatchJob",
  "CopyFolderBatchJob",
  "CopyFileBatchJob",
  "ResetCacheJob",
];
const RUNNING = new Set(["Pending", "Running", "Cancelling", "Rollback"]);

export default function Jobs() {
  const { files } = useBases();
  const query = TYPES.map((each) => `jobType=${each}`).join("&");
  const { value, error, reload } = useLoaded(() => api<{ items: Job[] }>("GET", `${files}/jobs?${query}`), "jobs");
  const action = useAction();
  const isRunning = value?.items.some((each) => RUNNING.has(each.status)) ?? false;
  useEffect(() => {
    const timer = setInterval(() => void reload(), isRunning ? 1000 : 10_000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return (
    <>
      <h1>Jobs</h1>
      <Problem error={error ?? action.error} />
      {value?.items.length === 0 ? (
        <Empty title="No jobs yet">
          <p>Deleting and copying many files at once, and resetting caches, run here. They go on when you close the page.</p>
        </Empty>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Job</th>
                <th>Status</th>
                <th>Progress</th>
                <th>Started</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {value?.items.map((job) => (
                <tr key={job.jobId}>
                  <td>
                    {job.jobType.replace(/Job$/, "")}
                    <div class="notes mono">{job.jobId}</div>
                  </td>
                  <td>
                    <Badge kind={job.status === "Succeeded" ? "good" : job.status === "Failed" ? "bad" : "quiet"}>
                      {job.status}
                    </Badge>
                    {job.error ? <div class="notes error">{job.error.message}</div> : null}
                  </td>
                  <td>
                    {RUNNING.has(job.status) ? <progress aria-label="running" /> : null}
                    <div class="notes">{progressText(job)}</div>
                  </td>
                  <td>{when(job.created)}</td>
                  <td>
                    {RUNNING.has(job.status) ? (
                      <Button
                        onClick={() =>
                          void action.run(async () => {
                            await api("DELETE", `${files}/jobs/${job.jobType}/${job.jobId}`);
                            await reload();
                          })
                        }
                      >
                        Cancel
                      </Button>
                    ) : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
