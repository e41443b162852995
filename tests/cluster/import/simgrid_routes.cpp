// Prints the routes that SimGrid makes of a platform, as tests/cluster/test_import.c holds ours against:
//
//     g++ -std=c++17 -o /tmp/routes tests/cluster/import/simgrid_routes.cpp -lsimgrid
//     /tmp/routes FILE.xml 2>/dev/null >FILE.routes
//
// A line a link, "link NUMBER BANDWIDTH LATENCY POLICY", when it is first met; a line a pair of hosts,
// "FROM TO NUMBERS". SimGrid's own loopback (10 GB/s, no latency) is left out: it adds it to a bypass
// that begins at its gateway.
#include <cstdio>
#include <map>
#include <simgrid/s4u.hpp>

int main(int count, char** words)
{
  simgrid::s4u::Engine engine(&count, words);
  engine.load_platform(words[1]);
  engine.get_netzone_root()->seal();
  std::map<std::string, int> numbers;
  for (const auto* from : engine.get_all_hosts())
    for (const auto* to : engine.get_all_hosts()) {
      if (from == to)
        continue;
      std::vector<simgrid::s4u::Link*> links;
      double latency = 0;
      from->route_to(to, links, &latency);
      std::string line = std::string(from->get_cname()) + " " + to->get_cname();
      for (const auto* link : links) {
        if (link->get_name() == "__loopback__")
          continue;
        if (numbers.try_emplace(link->get_name(), numbers.size()).second)
          std::printf("link %d %.12g %.12g %d\n", numbers[link->get_name()], link->get_bandwidth(),
                      link->get_latency(), (int)link->get_sharing_policy());
        line += " " + std::to_string(numbers[link->get_name()]);
      }
      std::puts(line.c_str());
    }
}
