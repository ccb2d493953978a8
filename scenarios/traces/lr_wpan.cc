// Records which probes a fading IEEE 802.15.4 link lost, as ns-3 models its physical layer: README.md has the command.
#include "ns3/core-module.h"
#include "ns3/lr-wpan-module.h"
#include "ns3/mobility-module.h"
#include "ns3/propagation-module.h"
#include "ns3/spectrum-module.h"

#include <cstdio>

using namespace ns3;

namespace {

constexpr uint32_t PROBES = 1'500;
constexpr uint32_t INTERVAL_MS = 40;
constexpr uint32_t OCTETS = 60;
constexpr double METRES = 60.0;
// A person walks by: what reflects changes twice in a second.
constexpr double DOPPLER_HZ = 2.0;

bool received = false;

void Received(McpsDataIndicationParams, Ptr<Packet>) { received = true; }

// Tells what became of the probe before, and sends the next one. Nobody acknowledges or repeats it.
void Next(Ptr<LrWpanNetDevice> from, uint32_t number) {
  if (number > 0) {
    const uint32_t ms = (number - 1) * INTERVAL_MS;
    std::printf("%u.%03u,%s\n", ms / 1'000, ms % 1'000, received ? "received" : "lost");
  }
  if (number == PROBES) {
    Simulator::Stop();
    return;
  }
  received = false;
  McpsDataRequestParams request;
  request.m_srcAddrMode = SHORT_ADDR;
  request.m_dstAddrMode = SHORT_ADDR;
  request.m_dstAddr = Mac16Address("00:02");
  request.m_msduHandle = number % 256;
  from->GetMac()->McpsDataRequest(request, Create<Packet>(OCTETS));
  Simulator::Schedule(MilliSeconds(INTERVAL_MS), &Next, from, number + 1);
}

Ptr<LrWpanNetDevice> Station(Ptr<SpectrumChannel> channel, const char* address, double metres) {
  Ptr<Node> node = CreateObject<Node>();
  Ptr<LrWpanNetDevice> device = CreateObject<LrWpanNetDevice>();
  device->SetAddress(Mac16Address(address));
  device->SetChannel(channel);
  node->AddDevice(device);
  Ptr<ConstantPositionMobilityModel> place = CreateObject<ConstantPositionMobilityModel>();
  place->SetPosition(Vector(metres, 0.0, 0.0));
  node->AggregateObject(place);
  device->GetPhy()->SetMobility(place);
  return device;
}

} // namespace

int main() {
  Config::SetDefault("ns3::JakesProcess::DopplerFrequencyHz", DoubleValue(DOPPLER_HZ));
  Ptr<SingleModelSpectrumChannel> channel = CreateObject<SingleModelSpectrumChannel>();
  Ptr<LogDistancePropagationLossModel> distance = CreateObject<LogDistancePropagationLossModel>();
  distance->SetNext(CreateObject<JakesPropagationLossModel>());
  channel->AddPropagationLossModel(distance);
  channel->SetPropagationDelayModel(CreateObject<ConstantSpeedPropagationDelayModel>());
  Ptr<LrWpanNetDevice> from = Station(channel, "00:01", 0.0);
  Ptr<LrWpanNetDevice> to = Station(channel, "00:02", METRES);
  to->GetMac()->SetMcpsDataIndicationCallback(MakeCallback(&Received));
  std::printf("# %u probes of %u octets, one each %u ms, over a modelled IEEE 802.15.4 link of %.0f m that fades (%.0f Hz);\n"
              "# made by lr_wpan.cc, see README.md\nseconds,fate\n",
              PROBES, OCTETS, INTERVAL_MS, METRES, DOPPLER_HZ);
  Simulator::Schedule(Seconds(0), &Next, from, 0);
  Simulator::Run();
  Simulator::Destroy();
}
