internal import ArgumentParser

/// The templates of `weir new`.
enum DocumentTemplate: String, CaseIterable, ExpressibleByArgument {
    case pipeline
    case slo
    case invariant
    case scenario

    /// Where a file of this name belongs.
    func path(of name: String) -> String {
        switch self {
        case .pipeline: "pipelines/\(name).yaml"
        case .slo: "slo/\(name).yaml"
        case .invariant: "slo/invariants/\(name).sql"
        case .scenario: "pipelines/scenarios/\(name).yaml"
        }
    }

    /// The command that reads the file at `path`.
    func trial(of path: String) -> String {
        switch self {
        case .pipeline: "weir simulate \(path) --for 10m"
        case .slo: "weir slo lint \(path)"
        case .invariant: "weir invariants lint \(path)"
        case .scenario: "weir simulate pipelines/storefront.yaml --for 1h --scenario \(path)"
        }
    }

    /// The file, sound as it is.
    func text(named name: String) -> String {
        switch self {
        case .pipeline: DocumentTemplate.pipelineText(name)
        case .slo: DocumentTemplate.objectiveText(name)
        case .invariant: DocumentTemplate.invariantText(name)
        case .scenario: DocumentTemplate.scenarioText(name)
        }
    }

    private static func invariantText(_ name: String) -> String {
        """
        -- name: \(name)
        -- severity: ticket
        -- owner: data
        -- grace: 10m
        -- description: Something is viewed in every hour that anything happens in. Say here what
        --   must hold; lines that are indented further go on with it.

        -- severity is page (act at once) or ticket (in working hours). :cutoff_ns is
        -- now less the grace period, in nanoseconds since the epoch: what is newer may be
        -- unfinished. A line 'needs: census' in the header lets the query read the tables
        -- raw_census and raw_census_hours, _sources, _refunds and _findings, which
        -- 'weir invariants check --raw' fills.
        --
        -- The query returns the violations, as the columns subject and detail, in this order.
        SELECT start_ns AS subject, 'bought is ' || purchase || ', and nothing viewed' AS detail
        FROM window_aggregates
        WHERE grain = '1h' AND category = '' AND currency <> ''
            AND start_ns <= :cutoff_ns
            AND purchase > 0
            AND NOT EXISTS (
                SELECT 1 FROM window_aggregates AS viewed
                WHERE viewed.grain = '1h' AND viewed.category = ''
                    AND viewed.start_ns = window_aggregates.start_ns AND viewed.view_item > 0
            );

        """
    }

    private static func scenarioText(_ name: String) -> String {
        """
        apiVersion: weir/v1
        kind: Scenario
        metadata: {name: \(name)}
        spec:
          description: The raw store is gone for five minutes, and slow for as long afterwards.
          # Each target is the name of something in the pipeline: a store, a stage that reads a
          # subscription, a subscription, a topic or a producer. 'at' counts from the start.
          faults:
            - {kind: unavailable, target: raw, at: 10m, for: 5m}
            - {kind: slow, target: raw, by: 200ms, at: 15m, for: 5m}

        """
    }

    private static func objectiveText(_ name: String) -> String {
        """
        # OpenSLO v1. Every pipeline that has this file under 'objectives' is checked against it.
        apiVersion: openslo/v1
        kind: DataSource
        metadata: {name: \(name)-meters}
        spec:
          type: weir    # the meters of a run; 'prometheus' asks a Prometheus
          connectionDetails: {}
        ---
        apiVersion: openslo/v1
        kind: Service
        metadata: {name: \(name)-service}
        spec: {description: What the objective is of.}
        ---
        apiVersion: openslo/v1
        kind: SLI
        metadata: {name: \(name)}
        spec:
          description: Messages that were processed, out of all that came to an end.
          ratioMetric:
            counter: true
            good:
              metricSource: {metricSourceRef: \(name)-meters, spec: {meter: messages.success}}
            total:
              metricSource: {metricSourceRef: \(name)-meters, spec: {meter: messages.total}}
        ---
        apiVersion: openslo/v1
        kind: SLO
        metadata: {name: \(name)}
        spec:
          description: Say here why the target is what it is.
          service: \(name)-service
          indicatorRef: \(name)
          timeWindow: [{duration: 30d, isRolling: true}]
          budgetingMethod: Occurrences
          objectives: [{displayName: Processed, target: 0.999}]

        """
    }

    private static func pipelineText(_ name: String) -> String {
        """
        apiVersion: weir/v1
        kind: Pipeline
        metadata: {name: \(name)}
        spec:
          owners:
            - {name: shop}
            - {name: data}

          topics:
            - {name: events, owner: shop}

          # Each stage that reads has a subscription of its own, which keeps what it has not
          # acknowledged.
          subscriptions:
            - {name: ingest, topic: events, owner: data}
            - {name: analytics, topic: events, owner: data}

          stages:
            - {name: shop, kind: producer, publishes: events, owner: shop}
            - {name: ingest, kind: ingest, subscription: ingest, store: raw, owner: data}
            - name: analytics
              kind: analytics
              subscription: analytics
              store: warehouse
              owner: data
              windows: [1m, 1h, 1d]
              allowedLateness: 10s    # how far events may be behind the watermark

          # mongodb://… for raw events and postgresql://… for the warehouse are servers instead.
          stores:
            - {name: raw, role: raw, url: "sqlite:.weir/\(name)-raw.sqlite", owner: data}
            - {name: warehouse, role: warehouse, url: "sqlite:.weir/\(name).sqlite", owner: data}

          load: {shape: constant, rate: 100, arrivals: poisson}    # events per second
          traffic: {model: sessions, users: 1000, products: 100, categories: 10}

        """
    }
}
