// What SimGrid says of a set of flows. Reads a platform and sets of flows from standard input, as
// written by cases.c; prints the seconds from the start of its set at which each flow ends. Its
// arguments are SimGrid's, such as --cfg=network/model:CM02.
//
//     hosts N
//     link BANDWIDTH LATENCY SHARED|FATPIPE       numbered from 0, bytes/s and seconds
//     route SRC DST COUNT LINK...                 one direction
//     flow SET SRC DST BYTES START                seconds from the start of the set
//
// With --time in place of the figures: CPU seconds of the simulation, and the sum of the figures. With
// --rates: a line for each set, the rates in MB/s of its flows when all are under way at once; bytes
// and starts do not matter.
#include <simgrid/s4u.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace sg4 = simgrid::s4u;

struct Flow {
    int set, src, dst;
    double bytes, start_s, end_s;
};

static std::vector<sg4::Host *> hosts;
static std::vector<const sg4::Link *> links;
static std::vector<Flow> flows;

static void read_hosts(sg4::NetZone *zone)
{
    int count;
    if (std::scanf("%d", &count) != 1)
        std::exit(2);
    for (int i = 0; i < count; i++)
        hosts.push_back(zone->create_host("h" + std::to_string(i), 1e9)->seal());
}

static void read_link(sg4::NetZone *zone)
{
    double bandwidth, latency;
    char policy[16];
    if (std::scanf("%lf %lf %15s", &bandwidth, &latency, policy) != 3)
        std::exit(2);
    auto *link = zone->create_link("l" + std::to_string(links.size()), bandwidth)->set_latency(latency);
    if (!std::strcmp(policy, "FATPIPE"))
        link->set_sharing_policy(sg4::Link::SharingPolicy::FATPIPE);
    links.push_back(link->seal());
}

static void read_route(sg4::NetZone *zone)
{
    int src, dst, count, link;
    std::vector<sg4::LinkInRoute> route;
    if (std::scanf("%d %d %d", &src, &dst, &count) != 3)
        std::exit(2);
    for (int i = 0; i < count && std::scanf("%d", &link) == 1; i++)
        route.emplace_back(links.at(link));
    zone->add_route(hosts.at(src)->get_netpoint(), hosts.at(dst)->get_netpoint(), nullptr, nullptr,
                    route, false);
}

static void read_flow()
{
    Flow flow{};
    if (std::scanf("%d %d %d %lf %lf", &flow.set, &flow.src, &flow.dst, &flow.bytes,
                   &flow.start_s) != 5)
        std::exit(2);
    flows.push_back(flow);
}

static void read_case(sg4::NetZone *zone)
{
    char word[16];
    while (std::scanf("%15s", word) == 1) {
        if (!std::strcmp(word, "hosts"))
            read_hosts(zone);
        else if (!std::strcmp(word, "link"))
            read_link(zone);
        else if (!std::strcmp(word, "route"))
            read_route(zone);
        else if (!std::strcmp(word, "flow"))
            read_flow();
        else
            std::exit(2);
    }
}

// The flows from `first` to `end`, which is after it: by one actor, since an actor for each flow would
// cost more than the network.
static void run_set(size_t first, size_t end)
{
    double base_s = sg4::Engine::get_clock();
    std::vector<size_t> order;
    std::vector<sg4::CommPtr> comms(end - first);
    for (size_t i = first; i < end; i++)
        order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
                     [](size_t a, size_t b) { return flows[a].start_s < flows[b].start_s; });
    for (size_t i : order) {
        sg4::this_actor::sleep_until(base_s + flows[i].start_s);
        comms[i - first] = sg4::Comm::sendto_async(hosts[flows[i].src], hosts[flows[i].dst], flows[i].bytes);
    }
    for (size_t i = first; i < end; i++) {
        comms[i - first]->wait();
        flows[i].end_s = comms[i - first]->get_finish_time() - base_s;
    }
}

// Long enough that no latency is left; and from then on, to see how far each flow gets.
static constexpr double SETTLE_S = 10, LOOK_S = 1000, ENDLESS_BYTES = 1e16;

static void print_rates(size_t first, size_t end)
{
    std::vector<sg4::CommPtr> comms;
    std::vector<double> left;
    for (size_t i = first; i < end; i++)
        comms.push_back(sg4::Comm::sendto_async(hosts[flows[i].src], hosts[flows[i].dst], ENDLESS_BYTES));
    sg4::this_actor::sleep_for(SETTLE_S);
    for (auto &comm : comms)
        left.push_back(comm->get_remaining());
    sg4::this_actor::sleep_for(LOOK_S);
    for (size_t i = 0; i < comms.size(); i++)
        std::printf("%.5g%c", (left[i] - comms[i]->get_remaining()) / LOOK_S / 1e6,
                    i + 1 < comms.size() ? ' ' : '\n');
    for (auto &comm : comms)
        comm->cancel();
}

static void (*run)(size_t first, size_t end) = run_set;

// The sets one after the other, each with an idle network.
static void run_sets()
{
    for (size_t first = 0, end = 0; first < flows.size(); first = end) {
        while (end < flows.size() && flows[end].set == flows[first].set)
            end++;
        run(first, end);
    }
}

int main(int argc, char **argv)
{
    sg4::Engine engine(&argc, argv);
    auto *zone = sg4::create_full_zone("world");
    read_case(zone);
    zone->seal();
    bool rates = argc > 1 && !std::strcmp(argv[1], "--rates");
    if (rates)
        run = print_rates;
    sg4::Actor::create("sets", hosts.at(0), run_sets);
    std::clock_t begun = std::clock();
    engine.run();
    if (argc > 1 && !std::strcmp(argv[1], "--time")) {
        double cpu_s = double(std::clock() - begun) / CLOCKS_PER_SEC, sum_s = 0;
        for (const Flow &flow : flows)
            sum_s += flow.end_s;
        std::printf("%.6f %.10e\n", cpu_s, sum_s);
        return 0;
    }
    for (const Flow &flow : flows)
        if (!rates)
            std::printf("%.10e\n", flow.end_s);
    return 0;
}
