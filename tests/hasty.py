"""The web process' worker with little patience, so that a test need not wait for long."""

from console.web_worker import PatientWorker


class HastyWorker(PatientWorker):
    read_within = 1.5
