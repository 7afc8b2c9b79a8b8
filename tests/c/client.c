/*
 * A client of interop.x made of libtirpc and the C rpcgen's output:
 *
 *     client tcp|udp PORT BYTES
 *
 * It calls every procedure of the server at this port of 127.0.0.1, and what the server has to
 * refuse, and prints one line about each call. REVERSE gets so many bytes.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop.h"

static const struct timeval DEADLINE = { 20, 0 };
static const char *transport;
static int port;

static CLIENT *client_of(u_long program, u_long version)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = RPC_ANYSOCK;
	CLIENT *client;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (strcmp(transport, "tcp") == 0)
		client = clnttcp_create(&address, program, version, &fd, 0, 0);
	else
		client = clntudp_create(&address, program, version, (struct timeval){ 5, 0 }, &fd);
	if (client == NULL) {
		clnt_pcreateerror("client");
		exit(1);
	}
	return client;
}

/* How a call without a result ended, with what the reply says beside its status. */
static void print_end(const char *what, CLIENT *client, enum clnt_stat stat)
{
	struct rpc_err error;

	clnt_geterr(client, &error);
	if (stat == RPC_PROGVERSMISMATCH)
		printf("%s: %s, low %u, high %u\n", what, clnt_sperrno(stat), error.re_vers.low,
		       error.re_vers.high);
	else if (stat == RPC_AUTHERROR)
		printf("%s: %s, why %d\n", what, clnt_sperrno(stat), error.re_why);
	else
		printf("%s: %s\n", what, clnt_sperrno(stat));
}

/* Calls a procedure without arguments, whatever it wants. */
static void call_void(const char *what, CLIENT *client, u_long procedure)
{
	print_end(what, client,
		  clnt_call(client, procedure, (xdrproc_t)xdr_void, NULL, (xdrproc_t)xdr_void, NULL,
			    DEADLINE));
}

/* The value with something in every field, and this arm of the union. */
static everything make_everything(shape figure)
{
	static u_int numbers[] = { 0, 4294967295u };
	static point corner = { -3, 4 };
	static node third = { 3, NULL }, second = { 2, &third }, first = { 1, &second };
	everything value = {
		.flag = TRUE, .big = -9223372036854775807ll, .large = 18446744073709551614ull,
		.part = -1.5f, .ratio = 0.1, .tint = BLUE, .sum = { 1, 2, 3, 4, 5, 6 },
		.data = { 7, "seven b" }, .title = "a title", .triple = { -2147483647, -1, 5 },
		.numbers = { 2, numbers }, .corner = &corner, .list = &first, .figure = figure,
	};
	return value;
}

/* The wire form of a value: two values are the same if theirs are. */
static u_int encoded(everything *value, char *buffer, u_int len)
{
	XDR xdrs;

	xdrmem_create(&xdrs, buffer, len, XDR_ENCODE);
	return xdr_everything(&xdrs, value) ? xdr_getpos(&xdrs) : 0;
}

static void echo(CLIENT *client)
{
	shape figures[] = {
		{ .kind = RED, .shape_u.corner = { 1, -2 } },
		{ .kind = GREEN, .shape_u.radius = 2.5 },
		{ .kind = BLUE },
	};

	for (int i = 0; i < 3; i++) {
		everything sent = make_everything(figures[i]), got = { 0 };
		char a[512], b[512];
		enum clnt_stat stat = echo_1(sent, &got, client);
		u_int len = encoded(&sent, a, sizeof a);

		if (stat != RPC_SUCCESS)
			print_end("echo", client, stat);
		else if (len > 0 && encoded(&got, b, sizeof b) == len && memcmp(a, b, len) == 0)
			printf("echo: the same\n");
		else
			printf("echo: another value\n");
	}
}

static void reverse(CLIENT *client, u_int len)
{
	blob sent = { len, malloc(len) }, got = { 0 };
	u_int wrong = 0;

	for (u_int i = 0; i < len; i++)
		sent.blob_val[i] = i % 251;
	enum clnt_stat stat = reverse_1(sent, &got, client);
	if (stat != RPC_SUCCESS) {
		print_end("reverse", client, stat);
		return;
	}
	for (u_int i = 0; i < len && i < got.blob_len; i++)
		wrong += got.blob_val[i] != sent.blob_val[len - 1 - i];
	printf("reverse: %u bytes, %u wrong\n", got.blob_len, wrong);
}

/* Without a credential, and with AUTH_SYS. */
static void whoami(CLIENT *client)
{
	AUTH *nobody = client->cl_auth;
	caller got = { 0 };
	char machine[256] = "";

	print_end("whoami of nobody", client, whoami_1(&got, client));
	gethostname(machine, sizeof machine - 1);
	client->cl_auth = authunix_create_default();
	enum clnt_stat stat = whoami_1(&got, client);
	if (stat != RPC_SUCCESS)
		print_end("whoami", client, stat);
	else
		printf("whoami: uid %s, gid %s, machine %s\n", got.uid == geteuid() ? "mine" : "wrong",
		       got.gid == getegid() ? "mine" : "wrong",
		       strcmp(got.machine, machine) == 0 ? "mine" : "wrong");
	auth_destroy(client->cl_auth);
	client->cl_auth = nobody;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	transport = argv[1];
	port = atoi(argv[2]);

	CLIENT *v1 = client_of(INTEROP_PROG, INTEROP_V1);
	CLIENT *v3 = client_of(INTEROP_PROG, INTEROP_V3);
	int sum = 0;
	name greeting = NULL;

	call_void("null", v1, NULLPROC);
	print_end("add", v1, add_1(40, 2, &sum, v1));
	printf("sum %d\n", sum);
	echo(v1);
	reverse(v1, atoi(argv[3]));
	print_end("nothing", v1, nothing_1(NULL, v1));
	whoami(v1);
	print_end("add of version 3", v3, add_3(1, 2, 3, &sum, v3));
	printf("sum %d\n", sum);
	print_end("greet", v3, greet_3("C", &greeting, v3));
	printf("greeting %s\n", greeting ? greeting : "none");

	call_void("unknown procedure", v1, 99);
	call_void("bad arguments", v1, ADD);
	call_void("unknown version", client_of(INTEROP_PROG, 2), NULLPROC);
	call_void("unknown program", client_of(INTEROP_PROG + 1, 1), NULLPROC);
	return 0;
}
