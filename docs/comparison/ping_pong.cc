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

double Seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

} // namespace

int main(int argc, char** argv) {
  const uint32_t hosts = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
  const double start = Seconds();
  InternetStackHelper stack;
  stack.SetIpv6StackInstall(false);
  PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", StringValue("1Gbps"));
  link.SetChannelAttribute("Delay", StringValue("20ms"));
  Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.252");
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
    const Ipv4InterfaceContainer ends = addresses.Assign(link.Install(host, server));
    addresses.NewNetwork();
    Simulator::Schedule(MilliSeconds(number), &Wake, host, ends.GetAddress(1));
  }
  const double built = Seconds();
  Simulator::Run();
  const double ran = Seconds() - built;
  const uint64_t events = Simulator::GetEventCount();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("ns-3: %llu exchanges of %u hosts; built in %.3f s, ran in %.3f s: %.0f exchanges/s, "
              "%.0f events/s of its own; at most %ld KiB resident\n",
              static_cast<unsigned long long>(exchanges), hosts, built - start, ran,
              exchanges / ran, events / ran, usage.ru_maxrss);
  Simulator::Destroy();
  return exchanges == hosts ? 0 : 1;
}
