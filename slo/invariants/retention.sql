-- name: retention
-- severity: ticket
-- owner: data
-- grace: 0s
-- description: Nothing is kept longer than it should be: an anomaly that has gone is forgotten
--   90 days later, at the next successful check of its invariant.
SELECT anomaly.invariant || ' ' || anomaly.subject AS subject,
    'it has gone at ' || min(anomaly.gone_ns) || ' and is still remembered' AS detail
FROM dataset_anomalies AS anomaly
JOIN dataset_invariants AS standing ON standing.invariant = anomaly.invariant
WHERE standing.failures = 0 AND anomaly.gone_ns <= standing.refreshed_ns - 7776000000000000
GROUP BY anomaly.invariant, anomaly.subject;
