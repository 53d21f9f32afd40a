// Audio for N bridged calls: PCMU packets of 20 ms in both directions, through the switch.
//
//   rtp N SECONDS WARM FLOWS SWITCH_IP      prints one JSON line; SIGTERM ends it early, with its line
//
// FLOWS has 2 N lines "own-address own-port switch-port". Each packet carries its number of the
// flow, a mark whether it counts, and the monotonic clock at its sending, so loss and delay are
// those between the two ends. A gap is the time between two arrivals at one socket.
// One thread sends, the flows spread evenly over each 20 ms; two receive.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 20, PACKET = 172, BUCKETS = 100000, BUCKET_NS = 10000 };
static const char MARK[4] = {'L', 'O', 'A', 'D'};

struct flow {
    int fd;
    struct sockaddr_in to;
    uint16_t number;
    uint32_t stamp;
    uint64_t last_ns; // arrival of the last counted packet
};
struct half {
    int first, end;
    uint64_t received, strange, longest_gap_ns;
    uint32_t *delays;
};
static struct flow *flows;
static volatile sig_atomic_t ending, closed;

static uint64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void on_term(int signal_number) {
    (void)signal_number;
    ending = 1;
}

static void take(struct half *half, struct flow *flow, const uint8_t *packet, ssize_t length) {
    uint32_t counted;
    uint64_t sent;
    if (length != PACKET || memcmp(packet + 12, MARK, 4) != 0) {
        half->strange++;
        return;
    }
    memcpy(&counted, packet + 16, 4);
    memcpy(&sent, packet + 20, 8);
    if (!counted) return;
    uint64_t now = clock_ns(), bucket = (now - sent) / BUCKET_NS;
    half->delays[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    half->received++;
    if (flow->last_ns && now - flow->last_ns > half->longest_gap_ns) half->longest_gap_ns = now - flow->last_ns;
    flow->last_ns = now;
}

static void *receive(void *argument) {
    struct half *half = argument;
    struct epoll_event ready[128];
    uint8_t packet[2048];
    int poll = epoll_create1(0);
    for (int i = half->first; i < half->end; i++) {
        struct epoll_event wish = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        epoll_ctl(poll, EPOLL_CTL_ADD, flows[i].fd, &wish);
    }
    while (!closed) {
        int n = epoll_wait(poll, ready, 128, 100);
        for (int k = 0; k < n; k++) {
            struct flow *flow = &flows[ready[k].data.u32];
            ssize_t length;
            while ((length = recv(flow->fd, packet, sizeof packet, MSG_DONTWAIT)) >= 0) take(half, flow, packet, length);
        }
    }
    return NULL;
}

static double quantile_ms(struct half *halves, double q) {
    uint64_t all = halves[0].received + halves[1].received, seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
        seen += halves[0].delays[i] + halves[1].delays[i];
        if ((double)seen >= q * (double)all) return (i + 1) * (BUCKET_NS / 1e6);
    }
    return -1;
}

static int open_flows(const char *path, int count, const char *switch_ip) {
    FILE *file = fopen(path, "r");
    char own[64];
    int own_port, switch_port, room = 1 << 20;
    if (!file) return -1;
    for (int i = 0; i < count; i++) {
        if (fscanf(file, "%63s %d %d", own, &own_port, &switch_port) != 3) return -1;
        struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)own_port)};
        inet_aton(own, &here.sin_addr);
        flows[i].fd = socket(AF_INET, SOCK_DGRAM, 0);
        setsockopt(flows[i].fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        if (bind(flows[i].fd, (struct sockaddr *)&here, sizeof here) != 0) {
            fprintf(stderr, "%s:%d: %s\n", own, own_port, strerror(errno));
            return -1;
        }
        flows[i].to = here;
        flows[i].to.sin_port = htons((uint16_t)switch_port);
        inet_aton(switch_ip, &flows[i].to.sin_addr);
        flows[i].number = (uint16_t)(i * 7);
    }
    fclose(file);
    return 0;
}

static int send_one(struct flow *flow, uint8_t *packet, uint32_t counted, int ssrc) {
    uint16_t number = htons(flow->number++);
    uint32_t stamp = htonl(flow->stamp), source = htonl((uint32_t)(0x51000000 + ssrc));
    uint64_t now;
    flow->stamp += 160;
    memcpy(packet + 2, &number, 2);
    memcpy(packet + 4, &stamp, 4);
    memcpy(packet + 8, &source, 4);
    memcpy(packet + 12, MARK, 4);
    memcpy(packet + 16, &counted, 4);
    now = clock_ns();
    memcpy(packet + 20, &now, 8);
    return sendto(flow->fd, packet, PACKET, 0, (struct sockaddr *)&flow->to, sizeof flow->to) == PACKET;
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    int calls = atoi(argv[1]), count = 2 * calls;
    double seconds = atof(argv[2]), warm = atof(argv[3]);
    struct rlimit files = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGTERM, on_term);
    flows = calloc((size_t)count, sizeof *flows);
    if (open_flows(argv[4], count, argv[5]) != 0) return 3;
    struct half halves[2] = {{0, calls, 0, 0, 0, NULL}, {calls, count, 0, 0, 0, NULL}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        halves[i].delays = calloc(BUCKETS, sizeof(uint32_t));
        pthread_create(&threads[i], NULL, receive, &halves[i]);
    }
    uint8_t packet[PACKET];
    memset(packet, 0xff, sizeof packet);
    packet[0] = 0x80;
    packet[1] = 0;
    uint64_t begin = clock_ns(), sent = 0, failed = 0, latest = 0;
    uint64_t rounds = (uint64_t)((warm + seconds) * 50), warm_rounds = (uint64_t)(warm * 50);
    for (uint64_t round = 0; round < rounds && !ending; round++) {
        uint32_t counted = round >= warm_rounds;
        if (round == warm_rounds) {
            puts("begin");
            fflush(stdout);
        }
        for (int slot = 0; slot < SLOTS; slot++) {
            uint64_t due = begin + round * 20000000u + (uint64_t)slot * 1000000u, now = clock_ns();
            if (now < due) {
                struct timespec until = {(time_t)(due / 1000000000u), (long)(due % 1000000000u)};
                clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
                now = clock_ns();
            }
            if (counted && now > due && now - due > latest) latest = now - due;
            for (int i = slot; i < count; i += SLOTS) {
                if (!send_one(&flows[i], packet, counted, i)) failed++;
                else sent += counted;
            }
        }
    }
    puts("end");
    fflush(stdout);
    usleep(500000);
    closed = 1;
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    uint64_t received = halves[0].received + halves[1].received;
    uint64_t gap = halves[0].longest_gap_ns > halves[1].longest_gap_ns ? halves[0].longest_gap_ns : halves[1].longest_gap_ns;
    printf("{\"sent\":%llu,\"received\":%llu,\"send_errors\":%llu,\"strange\":%llu,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
           "\"longest_gap_ms\":%.1f,\"sender_late_ms\":%.1f}\n",
           (unsigned long long)sent, (unsigned long long)received, (unsigned long long)failed,
           (unsigned long long)(halves[0].strange + halves[1].strange), quantile_ms(halves, 0.5), quantile_ms(halves, 0.99),
           (double)gap / 1e6, (double)latest / 1e6);
    return 0;
}
