// What SimGrid says of a set of flows. Reads a platform and sets of flows from standard input, as
// written by cases.c; prints the seconds from the start of its set at which each flow ends. Its
// arguments are SimGrid's, such as --cfg=network/model:CM02.
//
//     hosts N
//     link BANDWIDTH LATENCY SHARED|FATPIPE       numbered from 0, bytes/s and seconds
//     route SRC DST COUNT LINK...                 one direction
//     flow SET SRC DST BYTES START                seconds from the start of the set
//
// With --time in place of the figures: CPU seconds of the simulation, and the sum of the figures.
#include <simgrid/s4u.hpp>

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

static void run_flow(Flow *flow, double base_s)
{
    sg4::this_actor::sleep_until(base_s + flow->start_s);
    sg4::Comm::sendto_async(hosts[flow->src], hosts[flow->dst], flow->bytes)->wait();
    flow->end_s = sg4::Engine::get_clock() - base_s;
}

// The sets one after the other, each with an idle network.
static void run_sets()
{
    for (size_t first = 0; first < flows.size();) {
        double base_s = sg4::Engine::get_clock();
        std::vector<sg4::ActorPtr> actors;
        size_t i = first;
        for (; i < flows.size() && flows[i].set == flows[first].set; i++)
            actors.push_back(sg4::Actor::create("flow", hosts[flows[i].src], run_flow, &flows[i], base_s));
        for (auto &actor : actors)
            actor->join();
        first = i;
    }
}

int main(int argc, char **argv)
{
    sg4::Engine engine(&argc, argv);
    auto *zone = sg4::create_full_zone("world");
    read_case(zone);
    zone->seal();
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
        std::printf("%.10e\n", flow.end_s);
    return 0;
}
