/* libtirpc in the comparison of calls: `peer-libtirpc tcp|udp server` and
 * `peer-libtirpc tcp|udp client ADDR OP SIZE MODE WIDTH SECS` (MODE seq only). */
#include "bench.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void bench_prog_1(struct svc_req *, SVCXPRT *);

void *bench_null_1_svc(void *arg, struct svc_req *req)
{
	static char none;
	return &none;
}

int *bench_add_1_svc(add_args *a, struct svc_req *req)
{
	static int sum;
	sum = a->a + a->b;
	return &sum;
}

blob *bench_echo_1_svc(blob *b, struct svc_req *req)
{
	static blob out;
	out = *b; /* freed by the dispatcher after the reply is sent */
	return &out;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int bound_socket(int type, struct sockaddr_in *addr)
{
	socklen_t len = sizeof *addr;
	int fd = socket(AF_INET, type, 0);
	memset(addr, 0, sizeof *addr);
	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)addr, len) < 0)
		die("bind");
	getsockname(fd, (struct sockaddr *)addr, &len);
	return fd;
}

static void serve(int tcp)
{
	struct sockaddr_in addr;
	int fd = bound_socket(tcp ? SOCK_STREAM : SOCK_DGRAM, &addr);
	SVCXPRT *xprt;
	if (tcp) {
		int on = 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		if (listen(fd, 128) < 0)
			die("listen");
		xprt = svc_vc_create(fd, 0, 0);
	} else
		xprt = svc_dg_create(fd, 0, 0);
	if (!xprt || !svc_register(xprt, BENCH_PROG, BENCH_VERS, bench_prog_1, 0))
		die("svc");
	printf("LISTEN 127.0.0.1:%d\n", ntohs(addr.sin_port));
	fflush(stdout);
	svc_run();
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static double cpu(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static void call(CLIENT *c, const char *op, blob *data)
{
	if (!strcmp(op, "null")) {
		if (!bench_null_1(NULL, c))
			die("null");
	} else if (!strcmp(op, "add")) {
		add_args a = {40, 2};
		int *sum = bench_add_1(&a, c);
		if (!sum || *sum != 42)
			die("add");
	} else {
		blob *r = bench_echo_1(data, c);
		if (!r || r->blob_len != data->blob_len)
			die("echo");
		clnt_freeres(c, (xdrproc_t)xdr_blob, (caddr_t)r);
		memset(r, 0, sizeof *r);
	}
}

static int by_value(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	return x < y ? -1 : x > y;
}

static void load(int tcp, char **v)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	char host[64];
	int port, fd = RPC_ANYSOCK;
	struct timeval retry = {1, 0};
	sscanf(v[0], "%63[^:]:%d", host, &port);
	inet_pton(AF_INET, host, &to.sin_addr);
	to.sin_port = htons(port);
	CLIENT *c;
	if (tcp) {
		int on = 1;
		fd = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
			die("connect");
		c = clnttcp_create(&to, BENCH_PROG, BENCH_VERS, &fd, 0, 0);
	} else
		c = clntudp_create(&to, BENCH_PROG, BENCH_VERS, retry, &fd);
	if (!c)
		die("client");
	const char *op = v[1];
	double secs = atof(v[5]), warm = secs / 4 < 0.3 ? secs / 4 : 0.3;
	size_t size = atol(v[2]), n = 0, warmed = 0, cap = 8 << 20;
	blob data = {size, malloc(size + 4)};
	memset(data.blob_val, 7, size);
	unsigned *ns = malloc(cap * sizeof *ns);
	alarm((unsigned)(secs * 2 + 10));
	double cpu0 = cpu(), t0 = now(), begin = t0 + warm, end = begin + secs, a, b;
	do {
		a = now();
		call(c, op, &data);
		b = now();
		if (a < begin)
			warmed++;
		else if (n < cap)
			ns[n++] = (b - a) * 1e9;
	} while (b < end);
	qsort(ns, n, sizeof *ns, by_value);
	printf("{\"op\":\"%s\",\"size\":%zu,\"mode\":\"seq\",\"width\":1,\"calls\":%zu,\"total_calls\":%zu,"
	       "\"secs\":%.4f,\"total_secs\":%.4f,\"calls_per_s\":%.1f,\"p50_ns\":%u,\"p99_ns\":%u,\"cpu_ns\":%.0f}\n",
	       op, size, n, n + warmed, b - begin, b - t0, n / (b - begin), ns[n / 2], ns[n * 99 / 100],
	       (cpu() - cpu0) * 1e9);
}

int main(int argc, char **argv)
{
	int tcp = argc > 1 && !strcmp(argv[1], "tcp");
	if (argc == 3 && !strcmp(argv[2], "server"))
		serve(tcp);
	else if (argc == 9 && !strcmp(argv[2], "client"))
		load(tcp, argv + 3);
	else
		fprintf(stderr, "usage: peer-libtirpc tcp|udp server | client ADDR OP SIZE seq 1 SECS\n");
	return 0;
}
