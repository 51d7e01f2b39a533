internal import ArgumentParser

/// The folder that `weir new service` writes: a program that is a stage of a pipeline, and what
/// belongs to it.
struct ServiceTemplate {
    enum Language: String, CaseIterable, ExpressibleByArgument {
        case python
        case swift
    }

    /// The longest that the names of events leave room for.
    static let longestName = 30

    let name: String
    let language: Language

    /// The name as those of its events begin.
    var event: String { name.split(separator: "-").joined(separator: "_") }

    /// The files by their paths in the folder, in the order in which one reads them.
    var files: [(path: String, text: String)] {
        let common = [("README.md", readme), ("pipeline.yaml", pipeline), ("slo.yaml", objectives)]
        switch language {
        case .python:
            return common + [
                ("service.py", pythonService), ("test_service.py", pythonTest),
                ("Containerfile", pythonContainer),
            ]
        case .swift:
            return common + [
                ("Package.swift", swiftPackage),
                ("Sources/Work.swift", swiftWork), ("Sources/Service.swift", swiftService),
                ("Sources/Connections.swift", swiftConnections),
                ("Tests/ServiceTests.swift", swiftTest), ("Containerfile", swiftContainer),
                (".gitignore", ".build/\n"),
            ]
        }
    }

    /// What runs its tests, in its folder.
    var trial: String {
        switch language {
        case .python: "python3 -m unittest"
        case .swift: "swift test"
        }
    }

    /// The file that its work is in.
    private var workFile: String {
        switch language {
        case .python: "service.py"
        case .swift: "Sources/Work.swift"
        }
    }

    private var command: String {
        switch language {
        case .python: "[python3, service.py]"
        case .swift: "[swift, run, \(name)]    # builds it first"
        }
    }

    /// The command that runs it with a pipeline, from the folder that `folder` lies in.
    static func run(_ folder: String) -> String {
        "weir run \(folder)/pipeline.yaml --collect --pubsub --duration 20s"
    }

    private var readme: String {
        """
        # \(name)

        A service that works on the purchases of a shop. It takes them from the subscription \
        `\(name)`, publishes what came of each to the topic `\(name)`, tracks an event about it, \
        and writes its log as JSON, a line each. All of it carries the correlation id that came \
        with the purchase (`traceparent`).

        ```
        \(trial.padding(to: 56))# its tests
        cd .. && \(ServiceTemplate.run(name))
        ```

        The second command runs a synthetic shop, the service and its objectives, and reports. \
        Afterwards:

        ```
        weir logs stage=\(name) --raw sqlite:.weir/\(name)-raw.sqlite
        weir trace order=o7 --raw sqlite:.weir/\(name)-raw.sqlite \\
            --raw sqlite:.weir/\(name)-results.sqlite --warehouse sqlite:.weir/\(name).sqlite
        weir dead-letters list --warehouse sqlite:.weir/\(name).sqlite
        ```

        `trace=<id>` in the place of the order shows everything of one correlation id.

        Put your own work into `work` in `\(workFile)`. A message may come twice (a service can \
        be killed between doing its work and saying so), so what goes out has an id that follows \
        from the message: whoever gets it twice can tell. A message that `work` throws at comes \
        again, five times in all; then it is a dead letter.

        | Variable | What it says | Without it |
        |---|---|---|
        | `PUBSUB_EMULATOR_HOST` | where the Pub/Sub API is, `host:port` | `127.0.0.1:8085` |
        | `PUBSUB_PROJECT_ID` | the project of topics and subscriptions | `weir` |
        | `PUBSUB_SUBSCRIPTION` | what it takes | `\(name)` |
        | `PUBSUB_TOPIC` | where it publishes to | `\(name)` |
        | `WEIR_COLLECTOR_URL` | where tracked events go | they go nowhere |
        | `WEIR_COLLECTOR_KEY` | its key as a source, where the collector asks for one | none |
        | `SERVICE` | how it is called in events and logs | `\(name)` |

        `weir run --pubsub` starts it, since `pipeline.yaml` names its command, and sets them. \
        Where something else starts it, such as a container (`Containerfile`), take the command \
        out. Its stage in another pipeline is the same: copy it, with its subscription, topic and \
        events.

        """
    }

    private var pipeline: String {
        """
        # A shop, and \(name), which works on its purchases.
        #
        #   \(ServiceTemplate.run(name))
        apiVersion: weir/v1
        kind: Pipeline
        metadata: {name: \(name)}
        spec:
          owners:
            - {name: shop}
            - {name: \(name)-team}

          topics:
            - {name: events, owner: shop}
            - {name: \(name), owner: \(name)-team}    # what the service publishes

          subscriptions:
            - name: \(name)
              topic: events
              owner: \(name)-team
              filter: attributes.type = "purchase"
              ackDeadlineSeconds: 30
              deadLetterPolicy: {maxDeliveryAttempts: 5}
            - {name: ingest, topic: events, owner: shop}
            - {name: ingest-results, topic: \(name), owner: \(name)-team}
            - {name: analytics, topic: events, owner: shop}

          stages:
            - {name: shop, kind: producer, publishes: events, owner: shop}
            - {name: clients, kind: collector, publishes: events, owner: shop}
            - name: \(name)
              kind: external    # a program of its own, over the Pub/Sub API
              subscription: \(name)
              publishes: \(name)
              owner: \(name)-team
              command: \(command)
            - {name: ingest, kind: ingest, subscription: ingest, store: raw, owner: shop}
            - {name: ingest-results, kind: ingest, subscription: ingest-results, store: results}
            - name: analytics
              kind: analytics
              subscription: analytics
              store: warehouse
              owner: shop
              windows: [1m, 1h, 1d]

          stores:
            - {name: raw, role: raw, url: "sqlite:.weir/\(name)-raw.sqlite"}
            - {name: results, role: raw, url: "sqlite:.weir/\(name)-results.sqlite"}
            - {name: warehouse, role: warehouse, url: "sqlite:.weir/\(name).sqlite"}

          load: {shape: constant, rate: 100, arrivals: poisson}    # events per second
          traffic: {model: mix, users: 1000, products: 100, categories: 10}

          events:
            - name: \(event)_result     # what it publishes
              parameters: {transaction_id: order, user_id: user, n_items: integer}
            - name: \(event)_handled    # what it tracks
              parameters: {transaction_id: order, user_id: user, n_items: integer}

          objectives: [slo.yaml]    # OpenSLO, beside this file

        """
    }

    private var objectives: String {
        """
        # OpenSLO v1: what \(name) is held to.
        apiVersion: openslo/v1
        kind: DataSource
        metadata: {name: \(name)-meters}
        spec:
          type: weir    # the meters of a run
          connectionDetails: {}
        ---
        apiVersion: openslo/v1
        kind: Service
        metadata: {name: \(name)}
        spec: {description: Works on the purchases of the shop.}
        ---
        apiVersion: openslo/v1
        kind: SLI
        metadata: {name: \(name)-success}
        spec:
          description: Messages that it has acknowledged, out of all that came to an end.
          ratioMetric:
            counter: true
            good: {metricSource: {metricSourceRef: \(name)-meters, spec: {meter: success.\(name)}}}
            total: {metricSource: {metricSourceRef: \(name)-meters, spec: {meter: total.\(name)}}}
        ---
        apiVersion: openslo/v1
        kind: SLO
        metadata: {name: \(name)-success}
        spec:
          description: Say here why the target is what it is.
          service: \(name)
          indicatorRef: \(name)-success
          timeWindow: [{duration: 30d, isRolling: true}]
          budgetingMethod: Occurrences
          objectives: [{displayName: Processed, target: 0.999}]
        ---
        apiVersion: openslo/v1
        kind: SLI
        metadata: {name: \(name)-work}
        spec:
          description: How long it has a message, from its delivery to its acknowledgement.
          thresholdMetric:
            metricSource: {metricSourceRef: \(name)-meters, spec: {meter: work.\(name)}}
        ---
        apiVersion: openslo/v1
        kind: SLO
        metadata: {name: \(name)-work}
        spec:
          description: Say here who waits for the result, and for how long.
          service: \(name)
          indicatorRef: \(name)-work
          timeWindow: [{duration: 30d, isRolling: true}]
          budgetingMethod: Occurrences
          objectives: [{displayName: Under 1 s, op: lt, value: 1, target: 0.95}]

        """
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - count))
    }
}
