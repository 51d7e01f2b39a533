internal import HTTPServing
package import Prometheus
package import Timekeeping

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// What the system says about this process, under the names of Prometheus's own clients.
package struct ProcessMetrics: Sendable {
    private let began: Timestamp
    private let version: String

    /// - Parameters:
    ///   - began: When the process began, about.
    ///   - version: Of the program.
    package init(began: Timestamp, version: String) {
        self.began = began
        self.version = version
    }

    /// Everything, in a fixed order; what this system does not say is left out.
    package var families: [MetricFamily] {
        let build = MetricFamily(
            "weir_build",
            .info,
            help: "The version of the program.",
            samples: [MetricFamily.Sample([MetricFamily.Label("version", version)], .integer(1))]
        )
        return [build]
            + [cpu, start, residentMemory, virtualMemory, openFiles, fileLimit]
            .compactMap(\.self)
    }

    private var cpu: MetricFamily? {
        var usage = rusage()
        #if canImport(Glibc)
        let who = __rusage_who_t(RUSAGE_SELF.rawValue)
        #else
        let who = RUSAGE_SELF
        #endif
        guard getrusage(who, &usage) == 0 else { return nil }
        let seconds = [usage.ru_utime, usage.ru_stime].reduce(0.0) { sum, time in
            sum + Double(time.tv_sec) + Double(time.tv_usec) / 1e6
        }
        return MetricFamily(
            "process_cpu_seconds",
            .counter,
            unit: "seconds",
            help: "CPU time, of the user and of the system.",
            samples: [MetricFamily.Sample([], .number(seconds))]
        )
    }

    private var start: MetricFamily {
        gauge(
            "process_start_time_seconds",
            unit: "seconds",
            "When the process began, since the epoch.",
            Double(began.nanoseconds) / 1e9
        )
    }

    private var residentMemory: MetricFamily? {
        memory(1).map { gauge("process_resident_memory_bytes", unit: "bytes", "In memory.", $0) }
    }

    private var virtualMemory: MetricFamily? {
        memory(0).map { gauge("process_virtual_memory_bytes", unit: "bytes", "Mapped.", $0) }
    }

    private var openFiles: MetricFamily? {
        OpenFiles.now.count.map {
            gauge("process_open_fds", "Open files, sockets among them.", Double($0))
        }
    }

    private var fileLimit: MetricFamily? {
        let limit = OpenFiles.now.limit.map(Double.init) ?? .infinity
        return gauge("process_max_fds", "How many files may be open.", limit)
    }

    /// A field of `/proc/self/statm`, which counts pages, in bytes.
    private func memory(_ field: Int) -> Double? {
        guard let file = fopen("/proc/self/statm", "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = fread(&bytes, 1, bytes.count, file)
        let fields = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: " ")
        guard fields.indices.contains(field), let pages = Double(fields[field]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private func gauge(
        _ name: String,
        unit: String? = nil,
        _ help: String,
        _ value: Double
    ) -> MetricFamily {
        MetricFamily(
            name,
            .gauge,
            unit: unit,
            help: help,
            samples: [MetricFamily.Sample([], .number(value))]
        )
    }
}
