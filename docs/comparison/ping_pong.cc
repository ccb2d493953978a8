// The ping-pong of many hosts on ns-3; README.md says what it is and how it is built.
#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>

using namespace ns3;

namespace {

constexpr uint16_t PORT = 500;
constexpr uint32_t OCTETS = 100;
constexpr uint32_t HOSTS_OF_A_SERVER = 100;

uint64_t exchanges = 0;

void Echo(Ptr<Socket> socket) {
  Address from;
  while (Ptr<Packet> packet = socket->RecvFrom(from)) {
    socket->SendTo(Create<Packet>(packet->GetSize()), 0, from);
  }
}

void Received(Ptr<Socket> socket) {
  Address from;
  while (socket->RecvFrom(from)) {
    ++exchanges;
  }
  // It sleeps again.
  socket->Close();
}

void Wake(Ptr<Node> host, Ipv4Address server) {
  Ptr<Socket> socket = Socket::CreateSocket(host, UdpSocketFactory::GetTypeId());
  socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), PORT));
  socket->SetRecvCallback(MakeCallback(&Received));
  socket->SendTo(Create<Packet>(OCTETS), 0, InetSocketAddress(server, PORT));
}

/// Gives a device its address in a network of two. `Ipv4AddressHelper` would keep a list of all addresses that it has given
/// and walk it for each further one, and put a queue discipline before each device that is never full.
void Give(Ptr<NetDevice> device, uint32_t address) {
  Ptr<Ipv4> stack = device->GetNode()->GetObject<Ipv4>();
  const uint32_t interface = stack->AddInterface(device);
  stack->AddAddress(interface, Ipv4InterfaceAddress(Ipv4Address(address), Ipv4Mask("255.255.255.252")));
  stack->SetUp(interface);
}

double Seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

} // namespace

int main(int argc, char** argv) {
  const uint32_t hosts = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
  const double start = Seconds();
  // Set at once: until its unit is known, ns-3 remembers each time that exists.
  Time::SetResolution(Time::NS);
  InternetStackHelper stack;
  stack.SetIpv6StackInstall(false);
  // A route to each neighbour is all that is needed; the default tries two ways of routing, one after the other.
  stack.SetRoutingHelper(Ipv4StaticRoutingHelper());
  PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", StringValue("1Gbps"));
  link.SetChannelAttribute("Delay", StringValue("20ms"));
  // Without a queue discipline nobody asks whether the device has room.
  link.DisableFlowControl();
  Ptr<Node> server;
  for (uint32_t number = 0; number < hosts; ++number) {
    if (number % HOSTS_OF_A_SERVER == 0) {
      server = CreateObject<Node>();
      stack.Install(server);
      Ptr<Socket> socket = Socket::CreateSocket(server, UdpSocketFactory::GetTypeId());
      socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), PORT));
      socket->SetRecvCallback(MakeCallback(&Echo));
    }
    Ptr<Node> host = CreateObject<Node>();
    stack.Install(host);
    const NetDeviceContainer ends = link.Install(host, server);
    const uint32_t network = Ipv4Address("10.0.0.0").Get() + 4 * number;
    Give(ends.Get(0), network + 1);
    Give(ends.Get(1), network + 2);
    Simulator::ScheduleWithContext(host->GetId(), MilliSeconds(number), &Wake, host, Ipv4Address(network + 2));
  }
  const double built = Seconds();
  Simulator::Run();
  const double ran = Seconds() - built;
  const uint64_t events = Simulator::GetEventCount();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("ns-3: %llu exchanges of %u hosts; built in %.3f s, ran in %.3f s: %.0f exchanges/s, "
              "%.0f events/s of its own; at most %ld kB resident\n",
              static_cast<unsigned long long>(exchanges), hosts, built - start, ran,
              exchanges / ran, events / ran, usage.ru_maxrss);
  Simulator::Destroy();
  return exchanges == hosts ? 0 : 1;
}
